/** The rules as a table for docs/policy.md. */
import type { Rule } from "./rule.ts";

export const START = "<!-- rules: written by `node policy/print.ts`, kept equal by tests/policy/docs.test.ts -->";
export const END = "<!-- end of rules -->";

const cell = (text: string): string => text.replaceAll("|", "\\|");

export function ruleTable(rules: readonly Rule[]): string {
  const rows = rules.map(
    ({ id, title, why, fix, reference, level }) =>
      `| \`${id}\` | ${[`${title}. ${why}`, fix, reference, level].map(cell).join(" | ")} |`,
  );
  return ["| rule | what and why | how to fix | reference | level |", "|---|---|---|---|---|", ...rows].join("\n");
}

export function optionTable(rules: readonly Rule[]): string {
  const rows = rules.flatMap(({ id, schema, options }) =>
    Object.entries(schema).map(
      ([name, { type, description }]) =>
        `| \`${id}\` | \`${name}\` | ${type} | \`${JSON.stringify(options[name])}\` | ${cell(description)} |`,
    ),
  );
  return ["| rule | option | type | default | what it does |", "|---|---|---|---|---|", ...rows].join("\n");
}

/** Puts the tables between the markers of `text`. */
export function withTables(text: string, rules: readonly Rule[]): string {
  const start = text.indexOf(START);
  const end = text.indexOf(END);
  if (start < 0 || end < start) throw new Error(`docs/policy.md must have the lines "${START}" and "${END}"`);
  const tables = `\n\n${ruleTable(rules)}\n\n### Options\n\n${optionTable(rules)}\n\n`;
  return text.slice(0, start + START.length) + tables + text.slice(end);
}
