/** The report for people: a table of what was found, and below it how to fix each kind of it. */

import { said } from "../../policy/policy.ts";
import { table } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { countsOf, nameOf, type PolicyReport } from "./report.ts";

type Paint = Terminal["paint"];

const COLORS = { mandatory: "red", advisory: "yellow", exempted: "dim" } as const;

export function textReport(report: PolicyReport, paint: Paint): string {
  const { judgement, rules } = report;
  const found = rules.filter((rule) =>
    judgement.verdicts.some((verdict) => verdict.rule === rule && verdict.level !== "exempted"),
  );
  const parts = [
    findings(report, paint),
    found.map(({ id, fix, reference }) => `${paint("bold", id)}: ${fix} (${reference})`).join("\n"),
    summary(report, paint),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function findings({ judgement: { verdicts } }: PolicyReport, paint: Paint): string {
  if (verdicts.length === 0) return "";
  const rows = verdicts.map((verdict) => [
    verdict.level,
    verdict.rule.id,
    verdict.urn === "" ? "-" : nameOf(verdict.urn),
    verdict.path ?? "-",
    said(verdict),
  ]);
  const [head = "", ...lines] = table(["LEVEL", "RULE", "RESOURCE", "PROPERTY", "FOUND"], rows).split("\n");
  // Painted after the columns are made: the codes have a length of their own.
  const painted = lines.map((line, i) => {
    const { level } = verdicts[i] ?? {};
    return level === undefined ? line : `${paint(COLORS[level], level)}${line.slice(level.length)}`;
  });
  return [paint("bold", head), ...painted].join("\n");
}

function summary({ judgement, resources, skipped, stack, rules }: PolicyReport, paint: Paint): string {
  const { mandatory, advisory, exempted } = countsOf(judgement);
  const inForce = rules.filter(({ level }) => level !== "disabled").length;
  const verdict =
    mandatory > 0
      ? paint("red", `${mandatory} mandatory violation${mandatory === 1 ? "" : "s"}`)
      : paint("green", "No mandatory violation");
  const lines = [
    `${verdict}, ${advisory} advisory${exempted > 0 ? `, ${exempted} exempted` : ""}: ${inForce} rules over ${resources} resources${stack === undefined ? "" : ` of ${stack}`} (${skipped} left out: the stack itself, providers, what is only read).`,
  ];
  if (resources === 0) lines.push(paint("yellow", "There was nothing to judge."));
  const unjudged = [...judgement.unjudged].sort(([a], [b]) => (a < b ? -1 : 1));
  const sum = unjudged.reduce((total, [, count]) => total + count, 0);
  if (sum > 0) {
    const types = unjudged.map(([type, count]) => `${type} ${count}`).join(", ");
    lines.push(`No rule knows the type of ${sum}: ${types}.`);
  }
  return lines.join("\n");
}
