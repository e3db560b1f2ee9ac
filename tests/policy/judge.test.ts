import { type Judgement, judgeStack } from "../../policy/judge.ts";
import { type PolicyConfig, policyOf } from "../../policy/policy.ts";
import { parseSnapshot } from "../../policy/snapshot.ts";
import { containerCases, good, managedFiles } from "./fixtures/cases.ts";
import { type Exported, exportOf, sealed, shown, urnOf } from "./fixtures/export.ts";

const CONTAINER = "docker:index/container:Container";
const LIMIT = "workstation:index:ProcessLimit";
const FILE = "workstation:index:ManagedFile";

const judge = (resources: readonly Exported[], config: PolicyConfig = {}): Judgement =>
  judgeStack(policyOf(config, "2026-11-24"), parseSnapshot(exportOf(resources)));

/** With the limit that every container needs. */
const container = (name: string, inputs: object): Exported[] => [
  { type: CONTAINER, name, inputs },
  { type: LIMIT, name: `${name}-limit`, inputs: { limit: 64 }, uses: { container: [urnOf(CONTAINER, name)] } },
];

const lines = ({ verdicts }: Judgement): string[] =>
  verdicts.map(({ rule, urn, undecided, message }) => {
    const name = urn.slice(urn.lastIndexOf("::") + 2);
    return `${rule.id} ${name}: ${undecided ? "undecided: " : ""}${message}`;
  });

test("an export of every case has exactly the findings that the engine reports", () => {
  const resources = containerCases.flatMap(({ rule, pass, fail }) => [
    ...pass.flatMap((args, i) => container(`${rule}-pass-${i}`, { ...good, ...args })),
    ...fail.flatMap(({ args }, i) => container(`${rule}-fail-${i}`, { ...good, ...args })),
  ]);
  const files = managedFiles.flatMap(({ rule, pass, fail }): Exported[] => [
    ...pass.map((inputs, i) => ({ type: FILE, name: `${rule}-pass-${i}`, inputs })),
    ...fail.map(({ args: inputs }, i) => ({ type: FILE, name: `${rule}-fail-${i}`, inputs })),
  ]);
  const expected = [...containerCases, ...managedFiles].flatMap(({ rule, fail }) =>
    fail.flatMap(({ says }, i) => says.map((message) => `${rule} ${rule}-fail-${i}: ${message}`)),
  );
  const judgement = judge([...resources, ...files]);
  expect(lines(judgement).sort()).toEqual(expected.sort());
  expect(judgement.verdicts.every(({ rule, level }) => level === rule.level)).toBe(true);
});

test("most findings name the property", () => {
  const { verdicts } = judge(container("a", { ...good, ports: [{ internal: 1, ip: "127.0.0.1" }, { internal: 2 }] }));
  expect(verdicts.map(({ path }) => path)).toEqual(["ports[1].ip"]);
});

test("of a file the property that has its text", () => {
  const path = "/x/.wslconfig";
  const { verdicts } = judge([
    { type: FILE, name: "a", inputs: { path, content: "[wsl2]\nfirewall=false\n" } },
    { type: FILE, name: "b", inputs: { path, mode: "ini", values: { wsl2: { firewall: false } } } },
  ]);
  expect(verdicts.map((verdict) => verdict.path)).toEqual(["content", "values"]);
});

test("a secret that a rule does not need to know disturbs none", () => {
  const secret = { path: "/x/secrets/a", permissions: "0600", content: sealed() };
  expect(lines(judge([{ type: FILE, name: "f", inputs: secret }]))).toEqual([]);
});

test("one that it needs leaves it undecided, at the level of the rule", () => {
  const { verdicts } = judge(container("a", { ...good, user: sealed() }));
  expect(
    verdicts.map(({ rule, level, undecided, path, message }) => [rule.id, level, undecided, path, message]),
  ).toEqual([
    ["container-user", "mandatory", true, "user", "user is an encrypted secret, and its value not in the export"],
  ]);
});

test("a secret that is shown is judged, and no report has it", () => {
  const found = lines(judge(container("a", { ...good, user: shown("root"), envs: shown(["A_TOKEN=hunter2"]) })));
  expect(found).toEqual([
    'container-user a: user is "[secret]"',
    "container-credentials a: envs is a secret, and stands there for everybody to read",
    "container-credentials a: envs A_TOKEN has a value",
  ]);
});

test("a limit that was taken out by hand is missed", () => {
  const [declared, limit] = container("a", good) as [Exported, Exported];
  expect(lines(judge([declared]))).toEqual(["container-processes a: processes are not limited"]);
  const edited = { ...limit, inputs: { limit: 0 }, outputs: { limit: 64 } };
  expect(lines(judge([declared, edited]))).toEqual(["container-processes a: limit is 0"]);
});

test("arguments of another shape than the type's are undecided, not passed", () => {
  const found = lines(judge(container("a", { ...good, ports: "8080", memory: 5 })));
  expect(found).toEqual([
    expect.stringMatching(/^container-ports a: undecided: the arguments are not of the form of their type \(/),
  ]);
});

test("types that no rule knows are counted", () => {
  const { unjudged, asked } = judge([
    { type: "aws:s3/bucket:Bucket", name: "a" },
    { type: "aws:s3/bucket:Bucket", name: "b" },
    ...container("c", good),
  ]);
  expect([...unjudged]).toEqual([["aws:s3/bucket:Bucket", 2]]);
  expect(asked.filter(({ rule }) => rule.id === "container-user").map(({ urn }) => urn)).toEqual([
    urnOf(CONTAINER, "c"),
  ]);
});

test("a rule that is switched off is not asked", () => {
  const config = { rules: { "container-user": { level: "disabled" as const } } };
  const { verdicts, asked } = judge(container("a", { ...good, user: "root" }), config);
  expect(verdicts).toEqual([]);
  expect(asked.some(({ rule }) => rule.id === "container-user")).toBe(false);
});
