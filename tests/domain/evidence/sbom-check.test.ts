import { sbomProblems } from "../../../domain/evidence/sbom-check.ts";
import { payloadOf } from "./records.ts";

type Document = Record<string, unknown> & { components: Record<string, unknown>[] };
const good = (): Document => structuredClone(payloadOf().sbom.document) as Document;
const first = (document: Document) => document.components[0] as Record<string, unknown>;

test("what `evidence` writes is in order", () => {
  expect(sbomProblems(good())).toEqual([]);
});

test.each<[string, (document: Document) => void, RegExp]>([
  [
    "format",
    (it) => {
      it.bomFormat = "SPDX";
    },
    /^bomFormat is not "CycloneDX"$/,
  ],
  [
    "version",
    (it) => {
      it.version = 0;
    },
    /^version is not a number from 1$/,
  ],
  [
    "subject",
    (it) => {
      delete it.metadata;
    },
    /^metadata.component is missing$/m,
  ],
  [
    "components",
    (it) => {
      Reflect.deleteProperty(it, "components");
    },
    /^components is no list$/m,
  ],
  [
    "type",
    (it) => {
      first(it).type = "thing";
    },
    /^components\[0\] \(\S+\): type is none of CycloneDX$/,
  ],
  [
    "name",
    (it) => {
      first(it).name = "";
    },
    /^components\[0\]: name is missing$/,
  ],
  [
    "version of a component",
    (it) => {
      delete first(it).version;
    },
    /version is missing$/m,
  ],
  [
    "reference",
    (it) => {
      delete first(it)["bom-ref"];
    },
    /bom-ref is missing$/m,
  ],
  [
    "the same twice",
    (it) => {
      it.components.push({ ...first(it) });
    },
    /is there twice$/,
  ],
  [
    "package URL",
    (it) => {
      first(it).purl = "deb/x";
    },
    /purl is no package URL with a version$/,
  ],
  [
    "another version",
    (it) => {
      first(it).version = "9";
    },
    /purl names version \S+, and the component 9$/,
  ],
  [
    "dependency",
    (it) => {
      it.dependencies = [{ ref: "x" }];
    },
    /^dependencies name x, which is no component$/,
  ],
])("%s", (_, change, wanted) => {
  const document = good();
  change(document);
  expect(sbomProblems(document).join("\n")).toMatch(wanted);
});
