import { type Exemption, Exemptions, isExpired } from "../../policy/exemptions.ts";
import { judgeStack } from "../../policy/judge.ts";
import { type PolicyConfig, policyOf, said } from "../../policy/policy.ts";
import { parseSnapshot } from "../../policy/snapshot.ts";
import { good } from "./fixtures/cases.ts";
import { exportOf, sealed, urnOf } from "./fixtures/export.ts";

const CONTAINER = "docker:index/container:Container";
const TODAY = "2026-11-24";

const exemption: Exemption = {
  rule: "container-user",
  resource: "web",
  owner: "ada",
  reason: "an old image",
  until: "2026-12-31",
};

const text = exportOf(
  ["web", "web2", "a.b"].map((name) => ({
    type: CONTAINER,
    name,
    inputs: { ...good, mustRun: false, user: name === "web2" ? sealed() : "root" },
  })),
);

function judge(config: PolicyConfig, day = TODAY): string[] {
  const { verdicts } = judgeStack(policyOf(config, day), parseSnapshot(text));
  return verdicts.map((verdict) => {
    const name = verdict.urn.slice(verdict.urn.lastIndexOf("::") + 2);
    return `${verdict.level} ${verdict.rule.id} ${name}: ${said(verdict)}`;
  });
}

const WEB = 'mandatory container-user web: user is "root"';
const WEB2 = "mandatory container-user web2: undecided: user is an encrypted secret, and its value not in the export";
const DOTTED = 'mandatory container-user a.b: user is "root"';
const by = "(exempted until 2026-12-31 by ada: an old image)";

test("without exemptions everything is found", () => {
  expect(judge({})).toEqual([WEB, WEB2, DOTTED]);
});

test.each<[string, string[]]>([
  ["web", ["web"]],
  ["web*", ["web", "web2"]],
  ["w?b", ["web"]],
  ["*", ["web", "web2", "a.b"]],
  ["a.b", ["a.b"]],
  [urnOf(CONTAINER, "web"), ["web"]],
  ["urn:pulumi:*::go-workstation::*::web2", ["web2"]],
])("the pattern %s is for %j", (resource, names) => {
  const found = judge({ exemptions: [{ ...exemption, resource }] });
  const exempted = found.filter((line) => line.startsWith("exempted "));
  expect(exempted.map((line) => /^exempted container-user (\S+):/.exec(line)?.[1])).toEqual(names);
  for (const line of exempted) expect(line.endsWith(by)).toBe(true);
  expect(found).toHaveLength(3);
});

test.each(["we", "eb", "Web", "w.b", "a?b?", "urn:pulumi:ada", "docker:*"])(
  "the pattern %s is for none",
  (resource) => {
    const found = judge({ exemptions: [{ ...exemption, resource }] });
    expect(found).toEqual([
      WEB,
      WEB2,
      DOTTED,
      `advisory policy-exemptions-used go-workstation-ada: the exemption from container-user for ${resource} (owner ada: an old image), until 2026-12-31, matches no finding`,
    ]);
  },
);

test("it is for its rule only", () => {
  const found = judge({ exemptions: [{ ...exemption, rule: "container-ports" }] });
  expect(found.slice(0, 3)).toEqual([WEB, WEB2, DOTTED]);
  expect(found[3]).toMatch(/^advisory policy-exemptions-used .*matches no finding$/);
});

test("its last day counts; the day after it fails, with owner, reason and day, and what it was for fails again", () => {
  const exemptions = [exemption];
  expect(judge({ exemptions }, "2026-12-31")[0]).toMatch(/^exempted container-user web/);
  expect(judge({ exemptions }, "2027-01-01")).toEqual([
    "mandatory policy-exemptions go-workstation-ada: the exemption from container-user for web (owner ada: an old image), until 2026-12-31, has expired",
    WEB,
    WEB2,
    DOTTED,
  ]);
  expect([isExpired(exemption, "2026-12-31"), isExpired(exemption, "2027-01-01")]).toEqual([false, true]);
});

test("one that has expired fails also when nothing is left for it", () => {
  const rules = { "container-user": { level: "disabled" as const } };
  const found = judge({ rules, exemptions: [{ ...exemption, until: "2026-11-23" }] });
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(/^mandatory policy-exemptions/);
});

test("one that has expired does not hide one that has not", () => {
  const found = judge({ exemptions: [{ ...exemption, until: "2026-01-01" }, exemption] });
  expect(found[0]).toMatch(/^mandatory policy-exemptions/);
  expect(found[1]).toMatch(/^exempted container-user web/);
});

test("of two for the same finding both are of use", () => {
  const exemptions = new Exemptions([exemption, { ...exemption, resource: "*" }], TODAY);
  expect(exemptions.find("container-user", urnOf(CONTAINER, "web"))).toEqual(exemption);
  expect(exemptions.unused()).toEqual([]);
});

test("what could not be decided can be advisory", () => {
  expect(judge({ undecided: "advisory" })).toEqual([WEB, WEB2.replace("mandatory", "advisory"), DOTTED]);
});
