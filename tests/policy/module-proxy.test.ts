/** What the program declares for the module proxy satisfies the pack, and a change for the worse does not. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Rule } from "../../policy/rule.ts";
import { workstationRules } from "../../policy/rules/index.ts";
import { plainArgs } from "../../policy/values.ts";
import type { Declared } from "../components/mocks.ts";
import { folder, machine } from "../domain/machine.ts";
import { type ContainerCase, DIGEST } from "./fixtures/cases.ts";

const CONTAINER = "docker:index/container:Container";

function declare(settings: object): Declared[] {
  const config = {
    "go-workstation:projects": JSON.stringify([{ path: "/src/hello" }]),
    "go-workstation:goProxy": JSON.stringify({ mode: "local", ...settings }),
  };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(__dirname, "../components/run-program.ts")], {
    cwd: join(__dirname, "../.."),
    input: JSON.stringify({ facts: machine([folder("/src/hello", { digest: "d1" })]), config }),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return (JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { declared: Declared[] }).declared;
}

// The stand-in engine does not say what is a secret: tests/policy/rules/secrets.test.ts and the real engine are about that.
const judged = (rule: Rule, type: string, inputs: Record<string, unknown>): string[] =>
  rule
    .judge(type, plainArgs(inputs))
    .map(({ message }) => `${rule.id}: ${message}`)
    .filter((line) => !line.endsWith(" is not a secret"));

const judgeAll = (type: string, inputs: Record<string, unknown>): string[] =>
  workstationRules().flatMap((rule) => judged(rule, type, inputs));

let all: Declared[];
const containers = (): Map<string, Record<string, unknown>> =>
  new Map(all.filter(({ type }) => type === CONTAINER).map(({ name, inputs }) => [name, { ...inputs, image: DIGEST }]));
const container = (name: string): Record<string, unknown> => {
  const found = containers().get(name);
  if (found === undefined) throw new Error(`${name} is not declared: there are ${[...containers().keys()].join(", ")}`);
  return found;
};

beforeAll(() => {
  all = declare({ private: [{ host: "git.corp.example" }] });
});

test("everything that is declared satisfies every rule", () => {
  expect([...containers().keys()].sort()).toEqual(["ca-container", "goproxy-container", "hello-container"]);
  for (const [name, inputs] of containers()) expect([name, judgeAll(CONTAINER, inputs)]).toEqual([name, []]);
  const others = all.filter(({ type }) => type.startsWith("workstation:index:"));
  expect(others.map(({ type }) => type)).toContain("workstation:index:CertificateAuthority");
  for (const { type, name, inputs } of others) expect([name, judgeAll(type, inputs)]).toEqual([name, []]);
});

test("each container has a limit on its processes", () => {
  const limits = all.filter(({ type }) => type === "workstation:index:ProcessLimit").map(({ inputs }) => inputs);
  expect(limits.map((limit) => limit.container).sort()).toEqual(
    [...containers().keys()].map((name) => `id-of-${name}`).sort(),
  );
  const resources = [...containers()].map(([name, args]) => ({ type: CONTAINER, urn: name, args, uses: {} }));
  const found = workstationRules().flatMap((rule) => rule.judgeStack(resources));
  expect(found.map(({ urn }) => urn).sort()).toEqual([...containers().keys()].sort());
});

const worse: [string, Partial<ContainerCase>, string][] = [
  ["published everywhere", { ports: [{ internal: 8443, external: 3443, ip: "0.0.0.0" }] }, "container-ports"],
  ["without a memory limit", { memory: 0 }, "container-memory"],
  ["with new privileges", { securityOpts: [] }, "container-no-new-privileges"],
  ["with capabilities", { capabilities: { drops: [] } }, "container-capabilities"],
  ["as root", { user: "0:0" }, "container-user"],
  ["not coming back", { restart: "no" }, "container-restart"],
  ["without a healthcheck", { healthcheck: { tests: [] } }, "container-health"],
  ["without log rotation", { logOpts: {} }, "container-logs"],
  ["by tag", { image: "go-workstation/dev/sidecars:latest" }, "image-content"],
  ["with its password in the environment", { envs: ["ATHENS_BASIC_PASSWORD=x"] }, "container-credentials"],
  ["with its passphrase in the command", { command: ["serve", "--passphrase", "x"] }, "container-credentials"],
  [
    "with Docker's socket",
    { mounts: [{ type: "bind", source: "/run/docker.sock", target: "/d" }] },
    "container-engine-socket",
  ],
];

describe.each(["goproxy-container", "ca-container"])("%s", (name) => {
  test.each(worse)("%s is refused", (_, change, rule) => {
    const found = judgeAll(CONTAINER, { ...container(name), ...change });
    expect([...new Set(found.map((line) => line.split(":")[0]))]).toEqual([rule]);
  });
});

test.each([
  [
    "GOPROXY=",
    "GOPROXY=https://proxy.corp.example,direct",
    ["go-proxy-only: GOPROXY begins with https://proxy.corp.example", "go-proxy-only: GOPROXY goes on with direct"],
  ],
  ["GONOPROXY=", "GONOPROXY=git.corp.example", ["go-proxy-only: GONOPROXY is git.corp.example"]],
  ["GONOSUMDB=", "GONOSUMDB=*", ["go-modules-checked: GONOSUMDB has *, which takes in public modules of every host"]],
])("a developer's container whose project changes %s is refused", (prefix, changed, says) => {
  const inputs = container("hello-container");
  const envs = inputs.envs as string[];
  expect(envs.filter((entry) => entry.startsWith(prefix))).toHaveLength(1);
  const found = judgeAll(CONTAINER, { ...inputs, envs: [...envs.filter((e) => !e.startsWith(prefix)), changed] });
  expect(found).toEqual(says);
});
