/** Rules over all resources of a stack at once, without an engine: the same rules, levels and exemptions that it uses. */
import { type Policy, settle, type Verdict } from "./policy.ts";
import type { Finding, Rule } from "./rule.ts";
import type { Snapshot, SnapshotResource } from "./snapshot.ts";

export interface Judgement {
  verdicts: Verdict[];
  /** Pairs of rule and resource that were judged, with and without findings, in the order of the resources. */
  asked: { rule: Rule; urn: string }[];
  /** Types that no rule knows, and how many resources are of them. */
  unjudged: Map<string, number>;
}

const covers = (types: readonly string[], type: string): boolean =>
  types.some((one) => (one.endsWith("*") ? type.startsWith(one.slice(0, -1)) : one === type));

/** Where the engine judges the stack itself; an export has it, but it is no resource that anybody declared. */
const STACK = "pulumi:pulumi:Stack";

export function judgeStack(policy: Policy, { resources, roots }: Pick<Snapshot, "resources" | "roots">): Judgement {
  const { rules } = policy;
  const inForce = rules.filter((rule) => rule.level !== "disabled");
  const declared = [...roots, ...resources].map(({ state, ...rest }) => ({ ...rest, args: state }));
  const verdicts: Verdict[] = [];
  const add = (rule: Rule, urn: string, finding: Finding): void => {
    if (rule.level !== "disabled") verdicts.push(settle(policy, rule, rule.level, urn, finding));
  };
  for (const rule of inForce) for (const finding of rule.judge(STACK, {})) add(rule, roots[0]?.urn ?? "", finding);
  for (const { urn, type, args } of resources) {
    for (const rule of inForce) {
      for (const finding of rule.judge(type, args)) add(rule, urn, finding);
    }
  }
  for (const rule of inForce) {
    for (const { urn, ...finding } of rule.judgeStack(declared)) add(rule, urn, finding);
  }
  const asked = [...roots, ...resources].flatMap(({ urn, type }) =>
    inForce.filter(({ types }) => covers(types, type)).map((rule) => ({ rule, urn })),
  );
  return { verdicts, asked, unjudged: countUnjudged(rules, resources) };
}

function countUnjudged(rules: readonly Rule[], resources: readonly SnapshotResource[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { type } of resources) {
    if (rules.some(({ types, reads }) => covers(types, type) || covers(reads, type))) continue;
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}
