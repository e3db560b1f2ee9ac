/** Every rule against its fixtures: in the real engine, which reads them as a stack's state, and in the command without one. */
import { judgeStack } from "../../policy/judge.ts";
import { policyOf, said } from "../../policy/policy.ts";
import { parseSnapshot } from "../../policy/snapshot.ts";
import { analyze } from "./engine.ts";
import { exportOf } from "./fixtures/export.ts";
import { allFixtures, ruleFixtures, team } from "./fixtures/rules.ts";

jest.setTimeout(120_000);

const { resources, findings } = allFixtures();
const stack = exportOf(resources);

/** About exemptions: see below. */
const CONFIGURATION = ["policy-exemptions", "policy-exemptions-used"];

test("every rule has at least two stacks that pass and two that violate it", () => {
  for (const { id } of policyOf().rules.filter((rule) => !CONFIGURATION.includes(rule.id))) {
    const own = ruleFixtures.filter(({ rule }) => rule === id);
    const pass = own.flatMap((fixtures) => fixtures.pass).length;
    const fail = own.flatMap((fixtures) => fixtures.fail).length;
    expect({ id, pass: pass >= 2, fail: fail >= 2 }).toEqual({ id, pass: true, fail: true });
  }
});

test("the engine finds exactly the violations, each at its rule's level", () => {
  const levels = new Map(policyOf(team).rules.map(({ id, level }) => [id, level]));
  const { violations, status } = analyze(stack, team);
  expect(violations.map(({ policy, resource, says }) => `${policy} ${resource}: ${says}`).sort()).toEqual(findings);
  expect(violations.filter(({ policy, level }) => level !== levels.get(policy))).toEqual([]);
  expect(status).not.toBe(0);
});

test("without an engine the same is found", () => {
  const { verdicts } = judgeStack(policyOf(team), parseSnapshot(stack));
  const found = verdicts.map((verdict) => {
    const name = verdict.urn.slice(verdict.urn.lastIndexOf("::") + 2);
    return `${verdict.rule.id} ${name}: ${said(verdict)}`;
  });
  expect(found.sort()).toEqual(findings);
});

test("the engine lets the passing stacks pass", () => {
  const passing = ruleFixtures.flatMap(({ rule, pass }, i) => pass.flatMap((make, j) => make(`${rule}-${i}-${j}`)));
  expect(analyze(exportOf(passing), team)).toMatchObject({ violations: [], status: 0 });
});

test("exemptions: two of use and two without, two that last and two that have ended", () => {
  const base = { owner: "ada", reason: "r", until: "2999-12-31" };
  const exemptions = [
    { ...base, rule: "container-user", resource: "container-user-fail-0" },
    { ...base, rule: "container-processes", resource: "urn:pulumi:ada::*::container-processes-fail-*" },
    { ...base, rule: "container-user", resource: "nobody" },
    { ...base, rule: "container-memory", resource: "container-user-*" },
    { ...base, rule: "container-ports", resource: "x", until: "2026-01-01" },
    { ...base, rule: "container-ports", resource: "container-ports-fail-0", until: "2026-01-02" },
  ];
  const about = (i: number, what: string): string => {
    const { rule, resource, owner, reason, until } = exemptions[i] as (typeof exemptions)[number];
    return `the exemption from ${rule} for ${resource} (owner ${owner}: ${reason}), until ${until}, ${what}`;
  };
  // At the stack itself: of several each would say it.
  const single = exportOf(resources.filter(({ type }) => type !== "pulumi:pulumi:Stack"));
  const { violations } = analyze(single, { ...team, exemptions });
  const configuration = violations.filter(({ policy }) => CONFIGURATION.includes(policy));
  expect(configuration.map(({ policy, level, says }) => [policy, level, says])).toEqual([
    ["policy-exemptions", "mandatory", about(4, "has expired")],
    ["policy-exemptions", "mandatory", about(5, "has expired")],
    ["policy-exemptions-used", "advisory", about(2, "matches no finding")],
    ["policy-exemptions-used", "advisory", about(3, "matches no finding")],
  ]);
  const exempted = violations.filter(({ says }) => says.includes("exempted until 2999-12-31 by ada: r"));
  expect(new Set(exempted.map(({ level }) => level))).toEqual(new Set(["advisory"]));
  expect(exempted.map(({ resource }) => resource).sort()).toEqual([
    ...[0, 1, 2, 3, 4, 5].map((i) => `container-processes-fail-${i}`),
    "container-user-fail-0",
  ]);
});
