import { Engine, type Violation } from "./engine.ts";
import { authorities } from "./fixtures/authorities.ts";
import { containerCases, localImages, managedFiles, missing, remoteImages, volumes } from "./fixtures/cases.ts";

jest.setTimeout(120_000);

const engines: Engine[] = [];
function engine(fixture: string): Engine {
  const made = new Engine(fixture);
  engines.push(made);
  return made;
}
afterAll(() => {
  for (const made of engines) made.close();
});

const key = ({ policy, resource, says }: Violation): string => `${policy} ${resource}: ${says}`;

type Failing = readonly { says: readonly string[] }[];

/** What the engine must report of the failing cases, as `key` writes it. */
function expected(rule: string, prefix: string, fail: Failing): string[] {
  return fail.flatMap(({ says }, i) => says.map((line) => `${rule} ${prefix}-fail-${i}: ${line}`));
}

const ofDocker = [
  ...containerCases.flatMap(({ rule, fail }) => expected(rule, rule, fail)),
  ...missing.flatMap(({ rule, key: name, says }) => says.map((line) => `${rule} ${rule}-without-${name}: ${line}`)),
  ...expected(remoteImages.rule, "remote", remoteImages.fail),
  ...expected(volumes.rule, "volume", volumes.fail),
];

describe("every case over Docker resources", () => {
  let program: Engine;
  beforeAll(() => {
    program = engine("every-case");
  });

  test("preview reports exactly the violations of the cases, each mandatory, and fails", () => {
    const { status, output, violations } = program.judge("preview");
    // No container here has a limit on its processes: own-resources is about those.
    const single = violations.filter(({ policy }) => policy !== "container-processes");
    expect(single.map(key).sort()).toEqual(ofDocker.toSorted());
    expect(violations.filter(({ level }) => level !== "mandatory")).toEqual([]);
    expect(output).toMatch(/Fix: Set `ip` of each port to "127.0.0.1"\./);
    expect(status).not.toBe(0);
  });

  test("a policy-config file sets levels and options", () => {
    const { status, violations } = program.judge("preview", {
      all: "disabled",
      "container-user": "advisory",
      "container-memory": { enforcementLevel: "advisory", maxMemory: 100 },
    });
    const policies = new Set(violations.map(({ policy }) => policy));
    expect([...policies].sort()).toEqual(["container-memory", "container-user"]);
    expect(violations.every(({ level }) => level === "advisory")).toBe(true);
    expect(violations.map(key)).toContain("container-memory good: memory is 512 MiB, more than 100");
    expect(status).toBe(0);
  });

  test("an option of the wrong type is an error", () => {
    const { status, output } = program.judge("preview", { "container-memory": { maxMemory: "much" } });
    expect(output).toMatch(/container-memory.*maxMemory/s);
    expect(status).not.toBe(0);
  });
});

describe("a team's policy.config.yaml, without a word on the command line", () => {
  let program: Engine;
  beforeAll(() => {
    program = engine("secret-values");
  });
  const exemption = {
    rule: "container-processes",
    resource: "made-*",
    owner: "ada",
    reason: "a lab",
    until: "2999-12-31",
  };
  const expired = { ...exemption, owner: "bob", until: "2026-01-31" };

  test("exempts what somebody answers for, and says so", () => {
    const { violations } = program.judge("preview", undefined, { exemptions: [exemption] });
    expect(violations.filter(({ policy }) => policy === "container-processes")).toEqual([
      {
        policy: "container-processes",
        level: "advisory",
        resource: "made-later",
        says: "processes are not limited (exempted until 2999-12-31 by ada: a lab)",
      },
    ]);
    expect(violations.filter(({ level }) => level === "mandatory")).toEqual([]);
  });

  test("an exemption that has expired fails before anything is made; one without a use is told", () => {
    const unused = { ...exemption, resource: "urn:*::nothing" };
    const team = { rules: { "container-processes": "disabled" }, exemptions: [expired, unused] };
    const preview = program.judge("preview", undefined, team).violations;
    expect(preview.filter(({ policy }) => /^policy-/.test(policy)).map(({ level, says }) => [level, says])).toEqual([
      [
        "mandatory",
        "the exemption from container-processes for made-* (owner bob: a lab), until 2026-01-31, has expired",
      ],
      [
        "advisory",
        "the exemption from container-processes for urn:*::nothing (owner ada: a lab), until 2999-12-31, matches no finding",
      ],
    ]);
    // No other level holds for it, and it is judged first.
    const up = program.judge("up", { all: "disabled" }, team);
    expect(up.violations.map(({ policy, level }) => [policy, level])).toEqual([["policy-exemptions", "mandatory"]]);
    expect(up.status).not.toBe(0);
    expect(program.made()).toEqual([]);
  });

  test("levels, options, and what the command line says after it", () => {
    const team = { rules: { "container-memory": { level: "advisory", options: { maxMemory: 100 } } } };
    const says = (config?: object) =>
      program
        .judge("preview", config, team)
        .violations.filter(({ policy }) => policy === "container-memory")
        .map((violation) => [violation.level, violation.says]);
    expect(says()).toEqual([["advisory", "memory is 512 MiB, more than 100"]]);
    expect(says({ "container-memory": "mandatory" })).toEqual([["mandatory", "memory is 512 MiB, more than 100"]]);
    expect(says({ "container-memory": { maxMemory: 600 } })).toEqual([]);
  });

  test("one that is wrong ends the run with its mistake", () => {
    const { status, output } = program.judge("preview", undefined, { rules: { "container-usr": "advisory" } });
    expect(output).toContain('rules.container-usr: is no known rule. Did you mean "container-user"?');
    expect(status).not.toBe(0);
  });
});

test("our own resources are judged, each and together", () => {
  const { status, violations } = engine("own-resources").judge("preview");
  expect(violations.map(key).sort()).toEqual(
    [
      ...localImages
        .filter(({ refusedByProvider }) => !refusedByProvider)
        .flatMap(({ rule, fail }) => expected(rule, `local-${rule}`, fail)),
      ...managedFiles.flatMap(({ rule, fail }) => expected(rule, `file-${rule}`, fail)),
      ...expected(authorities.rule, `authority-${authorities.rule}`, authorities.fail),
      "secret-files fail-secret-open: content is not a secret",
      "secret-files fail-secret-open: permissions is not set, so that everybody may read a new file",
      "container-credentials fail-secret-env: envs is a secret, and stands there for everybody to read",
      "container-processes fail-unlimited: processes are not limited",
      "container-processes fail-user-limit-only: processes are not limited",
    ].sort(),
  );
  expect(status).not.toBe(0);
});

test("an unknown value is undecided at preview, and judged before the resource is made", () => {
  const program = engine("unknown-values");
  const config = { "container-processes": "disabled" };
  const preview = program.judge("preview", config);
  expect(preview.violations).toEqual([
    {
      policy: "image-content",
      level: "advisory",
      resource: "decided-later",
      says: "undecided: image is not known before the update; the update judges it",
    },
  ]);
  expect(preview.status).toBe(0);

  const up = program.judge("up", config);
  expect(up.violations).toEqual([
    {
      policy: "image-content",
      level: "mandatory",
      resource: "decided-later",
      says: expect.stringMatching(/^image is "[a-z]+-[a-z]+"$/),
    },
  ]);
  expect(up.status).not.toBe(0);
  expect(program.made()).toEqual(["tag"]);
});

test("a secret that is made in the same run is told from other values as soon as it is known", () => {
  const program = engine("secret-values");
  const config = { "container-processes": "disabled" };
  const preview = program
    .judge("preview", config)
    .violations.filter(({ policy }) => policy === "container-credentials");
  expect(preview.map(key)).toEqual([
    "container-credentials made-later: undecided: envs[1] is not known before the update; the update judges it",
  ]);
  const { status, violations } = program.judge("up", config);
  expect(violations.map(key)).toEqual([
    "container-credentials made-later: envs is a secret, and stands there for everybody to read",
  ]);
  expect(status).not.toBe(0);
  expect(program.made()).toEqual(["password"]);
});
