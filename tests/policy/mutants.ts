/**
 * Changes one condition of one rule at a time, and judges all fixtures with what comes out: `node tests/policy/mutants.ts`.
 * A mutant whose findings are those of the rules as they are is one that no fixture would have caught; each is printed.
 * Run by Node itself, because jest's loader cannot import a file that was just written.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import type { Judgement } from "../../policy/judge.ts";
import type { Policy, PolicyConfig } from "../../policy/policy.ts";
import type { Rule } from "../../policy/rule.ts";
import type { Snapshot } from "../../policy/snapshot.ts";
import { exportOf } from "./fixtures/export.ts";
import { allFixtures, team } from "./fixtures/rules.ts";

const ROOT = join(import.meta.dirname, "../..");

interface Mutant {
  file: string;
  line: number;
  what: string;
  source: string;
}

const negated: Partial<Record<ts.SyntaxKind, string>> = {
  [ts.SyntaxKind.AmpersandAmpersandToken]: "||",
  [ts.SyntaxKind.BarBarToken]: "&&",
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: "!==",
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: "===",
  [ts.SyntaxKind.LessThanEqualsToken]: "<",
  [ts.SyntaxKind.GreaterThanToken]: ">=",
};

const REPORTS = new Set(["report", "say"]);

/** Reports that are never made, conditions turned round, and operators that are another one. */
function mutantsOf(file: string, text: string): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const mutants: Mutant[] = [];
  const change = (node: ts.Node, to: string, what: string): void => {
    const start = node.getStart(source);
    const { line } = source.getLineAndCharacterOfPosition(start);
    mutants.push({ file, line: line + 1, what, source: text.slice(0, start) + to + text.slice(node.getEnd()) });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isIfStatement(node) || ts.isConditionalExpression(node)) {
      const condition = ts.isIfStatement(node) ? node.expression : node.condition;
      change(condition, `!(${condition.getText(source)})`, `not: ${condition.getText(source)}`);
    }
    if (ts.isCallExpression(node) && REPORTS.has(node.expression.getText(source))) {
      change(node, "undefined", `without: ${node.getText(source)}`);
    }
    if (ts.isBinaryExpression(node)) {
      const to = negated[node.operatorToken.kind];
      if (to !== undefined) change(node.operatorToken, to, `${to} in: ${node.getText(source)}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return mutants;
}

/** The rules live in a copy: their imports go where they went. */
const copy = mkdtempSync(join(tmpdir(), "go-workstation-mutants-"));
try {
  const policy = join(copy, "policy");
  cpSync(join(ROOT, "policy"), policy, { recursive: true });
  for (const folder of ["config", "domain", "resources", "node_modules", "package.json"]) {
    symlinkSync(join(ROOT, folder), join(copy, folder));
  }
  const load = async <T>(file: string): Promise<T> => (await import(pathToFileURL(join(policy, file)).href)) as T;
  const { judgeStack } = await load<{ judgeStack: (policy: Policy, all: Snapshot) => Judgement }>("judge.ts");
  const { parseSnapshot } = await load<{ parseSnapshot: (text: string) => Snapshot }>("snapshot.ts");
  const { policyOf, said } = await load<typeof import("../../policy/policy.ts")>("policy.ts");
  const { resources, findings } = allFixtures();
  const snapshot = parseSnapshot(exportOf(resources));

  const judge = (config: PolicyConfig, rules?: readonly Rule[]): [line: string, path: string][] =>
    judgeStack(policyOf(config, undefined, rules), snapshot).verdicts.map((verdict) => {
      const name = verdict.urn.slice(verdict.urn.lastIndexOf("::") + 2);
      return [`${verdict.rule.id} ${name}: ${said(verdict)}`, verdict.path ?? ""];
    });
  const asTheyAre = judge(team).map(([line]) => line);
  if (asTheyAre.sort().join("\n") !== findings.join("\n")) {
    throw new Error("the rules as they are do not find what the fixtures expect");
  }
  /** With a team's bounds and without, and with the properties that are named. */
  const found = (rules?: readonly Rule[]): string => JSON.stringify([judge(team, rules), judge({}, rules)]);
  const expected = found();

  /** The pack's list of rules, with those of one file in its changed form. */
  const index = readFileSync(join(policy, "rules/index.ts"), "utf8");
  const survivors: Omit<Mutant, "source">[] = [];
  let count = 0;
  const files = readdirSync(join(policy, "rules")).filter((file) => file.endsWith(".ts") && file !== "index.ts");
  for (const file of files) {
    for (const { source, ...mutant } of mutantsOf(file, readFileSync(join(policy, "rules", file), "utf8"))) {
      count += 1;
      const name = file.replace(/\.ts$/, `.mutant-${count}.ts`);
      writeFileSync(join(policy, "rules", name), source);
      writeFileSync(join(policy, `rules/index-${count}.ts`), index.replace(`"./${file}"`, `"./${name}"`));
      const { workstationRules } = await load<{ workstationRules: () => Rule[] }>(`rules/index-${count}.ts`);
      if (found(workstationRules()) === expected) survivors.push(mutant);
    }
  }
  console.log(JSON.stringify({ count, survivors }, null, 2));
} finally {
  rmSync(copy, { recursive: true, force: true });
}
