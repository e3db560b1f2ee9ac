/** The rules of a team: the pack's own, with the levels, bounds and exemptions of its configuration. */
import { type Exemption, Exemptions, exemptionsInForce, exemptionsUsed } from "./exemptions.ts";
import type { Finding, Level, Rule } from "./rule.ts";
import { workstationRules } from "./rules/index.ts";

/** What `policy.config.yaml` says, checked. */
export interface PolicyConfig {
  undecided?: Severity | undefined;
  rules?: Readonly<Record<string, RuleConfig>> | undefined;
  exemptions?: readonly Exemption[] | undefined;
}

export interface RuleConfig {
  level?: Level | undefined;
  options?: Readonly<Record<string, unknown>> | undefined;
}

export type Severity = Exclude<Level, "disabled">;

export interface Policy {
  rules: readonly Rule[];
  /** How bad it is at most that a rule could not decide. */
  undecided: Severity;
  exemptions: Exemptions;
}

/** `day` is today, `2026-12-31`: exemptions end. */
export function policyOf(config: PolicyConfig = {}, day?: string, own: readonly Rule[] = workstationRules()): Policy {
  const exemptions = new Exemptions(config.exemptions, day);
  const rules = own.map((rule) => configured(rule, config.rules?.[rule.id]));
  return {
    rules: [...rules, exemptionsInForce(exemptions), exemptionsUsed(exemptions)],
    undecided: config.undecided ?? "mandatory",
    exemptions,
  };
}

function configured(rule: Rule, entry: RuleConfig | undefined): Rule {
  if (entry === undefined) return rule;
  const { level = rule.level, options = {} } = entry;
  return {
    ...rule,
    level,
    options: { ...rule.options, ...options },
    judge: (type, args, more) => rule.judge(type, args, { ...options, ...more }),
    judgeStack: (resources, more) => rule.judgeStack(resources, { ...options, ...more }),
  };
}

/** A finding with everything that decides what follows from it. */
export interface Verdict extends Finding {
  rule: Rule;
  level: Severity | "exempted";
  urn: string;
  exemption?: Exemption;
}

/** `level` is the rule's, unless the engine was told another. */
export function settle(policy: Policy, rule: Rule, level: Severity, urn: string, finding: Finding): Verdict {
  const exemption = rule.fixed === true ? undefined : policy.exemptions.find(rule.id, urn);
  if (exemption !== undefined) return { ...finding, rule, urn, level: "exempted", exemption };
  return { ...finding, rule, urn, level: finding.undecided && policy.undecided === "advisory" ? "advisory" : level };
}

/** What was found, as every report says it. */
export function said({ undecided, message, exemption }: Verdict): string {
  const found = undecided ? `undecided: ${message}` : message;
  if (exemption === undefined) return found;
  return `${found} (exempted until ${exemption.until} by ${exemption.owner}: ${exemption.reason})`;
}
