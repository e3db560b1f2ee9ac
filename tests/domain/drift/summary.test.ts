import { type DriftEntry, mergeDrift, summarize } from "../../../domain/drift/summary.ts";

test("entries and fields come in a fixed order, fields once", () => {
  const entry = { type: "t", name: "n", kind: "changed" as const };
  expect(
    summarize(3, [
      { ...entry, urn: "b", fields: ["memory", "image", "memory"] },
      { ...entry, urn: "a", kind: "missing", fields: [] },
    ]),
  ).toEqual({
    checked: 3,
    drifted: [
      { ...entry, urn: "a", kind: "missing", fields: [] },
      { ...entry, urn: "b", fields: ["image", "memory"] },
    ],
  });
});

test("what differs in reality and in the settings is one entry with the fields of both", () => {
  const entry = (urn: string, kind: DriftEntry["kind"], fields: string[]): DriftEntry => ({
    urn,
    type: "t",
    name: urn,
    kind,
    fields,
  });
  expect(
    mergeDrift(
      [entry("a", "changed", ["running"]), entry("b", "missing", [])],
      [entry("a", "changed", ["memory"]), entry("b", "changed", ["memory"]), entry("c", "pending", [])],
    ),
  ).toEqual([entry("a", "changed", ["running", "memory"]), entry("b", "missing", []), entry("c", "pending", [])]);
});
