/** What the policy pack said. It is not judged again: the rules are those of who took the evidence. */
import { type Check, check, type Moment } from "../check.ts";
import type { Part } from "../schema.ts";

export function judgePolicy(part: Part<"policy">, resources: number | undefined, moment: Moment): Check[] {
  return [violations(part), counts(part, resources), exemptions(part, moment), configuration(part)];
}

function violations({ report: { findings } }: Part<"policy">): Check {
  const said = (level: string): string[] =>
    findings
      .filter((finding) => finding.level === level)
      .map(({ rule, kind, name, message }) => {
        const where = name === undefined ? "" : ` ${name}`;
        return `${rule}${where}: ${kind === "undecided" ? "undecided: " : ""}${message}`;
      });
  return check("policy", "violations", "no mandatory rule was violated", said("mandatory"), said("advisory"));
}

function counts({ report }: Part<"policy">, resources: number | undefined): Check {
  const { findings, counts: told } = report;
  const wrong = (["mandatory", "advisory", "exempted"] as const).flatMap((level) => {
    const found = findings.filter((finding) => finding.level === level).length;
    return found === told[level] ? [] : [`${told[level]} ${level} are counted, and ${found} are there`];
  });
  const judged = report.resources + report.skipped;
  const others =
    resources === undefined || resources === judged
      ? []
      : [`the policy looked at ${judged} resources, and the stack has ${resources}`];
  return check("policy", "counts", "the report is about all of the stack", [...wrong, ...others]);
}

function exemptions({ report, exemptions: all }: Part<"policy">, { takenDay, today }: Moment): Check {
  const about = ({ rule, resource, owner, until }: (typeof all)[number]): string =>
    `${rule} for ${resource} (owner ${owner}) ended on ${until}`;
  const then = all.filter(({ until }) => until < takenDay).map(about);
  const since = all.filter(({ until }) => until >= takenDay && until < today).map((one) => `${about(one)}, since then`);
  const used = report.findings
    .filter(({ level }) => level === "exempted")
    .map(({ rule, name = "the stack", message }) => `exempted: ${rule} ${name}: ${message}`);
  return check("policy", "exemptions", "no exemption had ended", then, [...since, ...used]);
}

function configuration({ configuration: { undecided, rules } }: Part<"policy">): Check {
  const lowered = Object.entries(rules).flatMap(([id, { level }]) =>
    level === undefined || level === "mandatory" ? [] : [`${id} was ${level} by configuration`],
  );
  const open = undecided === "mandatory" ? [] : [`what a rule could not decide was ${undecided} by configuration`];
  return check("policy", "levels", "no rule was lowered", [], [...lowered, ...open]);
}
