import { linesOfUrns, parseSnapshot, SnapshotError } from "../../policy/snapshot.ts";
import { secretPaths } from "../../policy/values.ts";
import { exportOf, resourceOf, sealed, shown, urnOf } from "./fixtures/export.ts";

const VOLUME = "docker:index/volume:Volume";
const FILE = "workstation:index:ManagedFile";

test("an export: its stack, what was declared, and what came of it", () => {
  const uses = { name: ["urn:pulumi:ada::go-workstation::x::y"] };
  const { stack, resources, skipped } = parseSnapshot(
    exportOf([{ type: VOLUME, name: "a", inputs: { name: "a" }, outputs: { name: "b", mountpoint: "/m" }, uses }]),
  );
  expect({ stack, skipped }).toEqual({ stack: "ada", skipped: 2 });
  expect(resources).toEqual([
    { urn: urnOf(VOLUME, "a"), type: VOLUME, args: { name: "a" }, state: { name: "a", mountpoint: "/m" }, uses },
  ]);
});

test("what a replacement removes and what is only read is left out", () => {
  const { resources, skipped } = parseSnapshot(
    exportOf([
      { type: VOLUME, name: "old", more: { delete: true } },
      { type: VOLUME, name: "read", more: { external: true } },
      { type: VOLUME, name: "new" },
    ]),
  );
  expect(resources.map(({ urn }) => urn)).toEqual([urnOf(VOLUME, "new")]);
  expect(skipped).toBe(4);
});

test("secrets are secrets, encrypted or shown", () => {
  const inputs = { content: sealed(), path: shown("/x"), values: { a: shown({ b: 1 }), c: 2 } };
  const args = parseSnapshot(exportOf([{ type: FILE, name: "f", inputs }])).resources[0]?.args as Record<
    string,
    unknown
  >;
  expect([...secretPaths(args)].sort()).toEqual(["content", "path", "values.a"]);
  expect(args.path).toBe("/x");
  expect(args.values).toEqual({ a: { b: 1 }, c: 2 });
  expect(() => args.content).toThrow("content is an encrypted secret, and its value not in the export");
});

test("a preview as JSON: what will be there, its secrets masked", () => {
  const state = resourceOf({ type: FILE, name: "f", inputs: { content: "[secret]", path: "/x" } });
  const steps = [
    { op: "create", urn: "u", newState: state },
    { op: "delete", urn: "v", oldState: state },
  ];
  const { resources } = parseSnapshot(JSON.stringify({ config: {}, steps }));
  expect(resources).toHaveLength(1);
  const args = resources[0]?.args;
  expect(() => args && "content" in args && args.content).toThrow("is an encrypted secret");
});

test("a checkpoint file of the engine is read too", () => {
  const { deployment } = JSON.parse(exportOf([{ type: VOLUME, name: "a" }])) as { deployment: object };
  const text = JSON.stringify({ version: 3, checkpoint: { stack: "ada", latest: deployment } });
  expect(parseSnapshot(text).resources).toHaveLength(1);
  expect(parseSnapshot(JSON.stringify({ version: 3, checkpoint: { stack: "ada" } })).resources).toEqual([]);
});

test("a stack without resources", () => {
  expect(parseSnapshot('{"version":3,"deployment":{"manifest":{},"resources":null}}')).toEqual({
    stack: undefined,
    resources: [],
    roots: [],
    skipped: 0,
  });
});

const whole = exportOf([{ type: VOLUME, name: "a" }]);
const changed = (change: (resource: Record<string, unknown>) => void): string => {
  const document = JSON.parse(whole) as { deployment: { resources: Record<string, unknown>[] } };
  change(document.deployment.resources[2] as Record<string, unknown>);
  return JSON.stringify(document);
};

test.each([
  ["", /^is empty/],
  [whole.slice(0, 200), /^is damaged: it does not parse as JSON \(.*\)\. Write it again with `pulumi stack export`/],
  ['{"a": hunter2}', /^is damaged/],
  ["[]", /^is not an export: it must be a JSON object/],
  ["{}", /^is not an export: it has no "deployment" \(it has nothing\)/],
  ['{"name":"x","version":1}', /it has name, version/],
  [whole.replace('"version": 3', '"version": 5'), /^has version 5, which is newer than this program knows \(3 to 4\)/],
  [whole.replace('"version": 3', '"version": 1'), /^has version 1, which is older/],
  [whole.replace('"version": 3', '"version": "3"'), /^is damaged: "version" is "3"/],
  ['{"deployment":{}}', /^is damaged: "version" is missing/],
  ['{"version":3,"deployment":{"resources":{}}}', /"resources" must be a list/],
  ['{"version":3,"deployment":{"resources":[1]}}', /resources\[0\] is no resource/],
  [changed((resource) => delete resource.urn), /resources\[2\] has no "urn"/],
  [changed((resource) => delete resource.type), /resources\[2\] \(urn:.*::a\) has no "type"/],
  [changed((resource) => Object.assign(resource, { inputs: [] })), /has "inputs" that are no group/],
  [changed((resource) => Object.assign(resource, { propertyDependencies: { a: "b" } })), /are no lists of URNs/],
])("%j is refused", (text, message) => {
  expect(() => parseSnapshot(text)).toThrow(message);
  expect(() => parseSnapshot(text)).toThrow(SnapshotError);
});

test("the message about damage does not repeat what stands there", () => {
  for (const text of ['{"a": hunter2}', '{"a": "hunter2" "b"}', '{"a": "hunter2']) {
    expect(() => parseSnapshot(text)).toThrow(SnapshotError);
    expect(() => parseSnapshot(text)).not.toThrow(/hunter/);
  }
});

test("version 4 only adds fields", () => {
  expect(parseSnapshot(exportOf([{ type: VOLUME, name: "a" }], 4)).resources).toHaveLength(1);
});

test("each URN has the line of its first mention", () => {
  const text = exportOf([
    { type: VOLUME, name: "a" },
    { type: VOLUME, name: 'b"<' },
  ]);
  const lines = linesOfUrns(text);
  const found = ["a", 'b"<'].map((name) => text.split("\n")[(lines.get(urnOf(VOLUME, name)) ?? 0) - 1]);
  expect(found.map((line) => line?.trim())).toEqual([
    `"urn": ${JSON.stringify(urnOf(VOLUME, "a"))},`,
    `"urn": ${JSON.stringify(urnOf(VOLUME, 'b"<'))},`,
  ]);
});
