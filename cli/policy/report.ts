/** What `policy` reports, before it is written in one form or another. */
import type { Judgement } from "../../policy/judge.ts";
import type { Rule } from "../../policy/rule.ts";

export interface PolicyReport {
  stack: string | undefined;
  /** Where the stack was read from, as reports name it: a file's name, or `state`. */
  source: string;
  /** Of each resource, for formats that point at lines. Empty where no file was read. */
  lines: ReadonlyMap<string, number>;
  rules: readonly Rule[];
  judgement: Judgement;
  /** Resources that were looked at, and those left out. */
  resources: number;
  skipped: number;
}

export const nameOf = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);
export const typeOf = (urn: string): string => urn.split("::")[2]?.split("$").at(-1) ?? "";

export interface Counts {
  mandatory: number;
  advisory: number;
  exempted: number;
}

export function countsOf({ verdicts }: Judgement): Counts {
  const count = (level: string): number => verdicts.filter((verdict) => verdict.level === level).length;
  return { mandatory: count("mandatory"), advisory: count("advisory"), exempted: count("exempted") };
}

export const fails = (report: PolicyReport): boolean => countsOf(report.judgement).mandatory > 0;

/** The contract of `--json`. */
export function jsonReport(report: PolicyReport): string {
  const { stack, source, judgement, resources, skipped } = report;
  const findings = judgement.verdicts.map(({ rule, level, urn, message, undecided, path, exemption }) => ({
    rule: rule.id,
    level,
    kind: undecided ? "undecided" : "violation",
    ...(urn === "" ? {} : { urn, type: typeOf(urn), name: nameOf(urn) }),
    ...(path === undefined ? {} : { path }),
    message,
    ...(exemption === undefined ? {} : { exemption }),
    title: rule.title,
    why: rule.why,
    fix: rule.fix,
    reference: rule.reference,
  }));
  return `${JSON.stringify(
    {
      stack: stack ?? null,
      source,
      resources,
      skipped,
      counts: countsOf(judgement),
      unjudged: Object.fromEntries([...judgement.unjudged].sort(([a], [b]) => (a < b ? -1 : 1))),
      findings,
    },
    null,
    2,
  )}\n`;
}
