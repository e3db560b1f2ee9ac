/** Reads `policy.config.yaml`; every mistake in it is one line with its place. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type Document, isMap, isScalar, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { nearest } from "../../config/nearest.ts";
import type { PolicyConfig, RuleConfig } from "../policy.ts";
import type { Level, Rule } from "../rule.ts";
import { workstationRules } from "../rules/index.ts";
import { configSchema } from "./schema.ts";

export class PolicyConfigError extends Error {
  constructor(messages: readonly string[]) {
    super(messages.join("\n"));
    this.name = "PolicyConfigError";
  }
}

export function loadPolicyConfig(path: string): PolicyConfig {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new PolicyConfigError([`${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}`]);
  }
  return parsePolicyConfig(text, basename(path));
}

export function parsePolicyConfig(
  text: string,
  file: string,
  rules: readonly Rule[] = workstationRules(),
): PolicyConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) {
    throw new PolicyConfigError([`${file}:${lines.linePos(error.pos[0]).line}: is not valid YAML: ${error.message}`]);
  }
  const value: unknown = document.toJS();
  // A file of comments only.
  if (value === null || value === undefined) return {};
  const result = configSchema(rules).safeParse(value);
  if (!result.success) {
    const place = (path: readonly PropertyKey[]): string => `${file}:${lineOf(document, lines, path)}: `;
    throw new PolicyConfigError(result.error.issues.flatMap((issue) => describe(issue, value, rules, place)));
  }
  const { undecided, rules: entries = {}, exemptions } = result.data;
  const given = Object.entries(entries as Record<string, Level | RuleConfig | undefined>).flatMap(([id, entry]) => {
    if (entry === undefined) return [];
    return [[id, typeof entry === "string" ? { level: entry } : entry] as const];
  });
  return { undecided, rules: Object.fromEntries(given), exemptions };
}

/** Line of a key, of a list's entry, or of the nearest thing above that is there. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown = document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    const node: unknown = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && key.value === last)?.key
      : document.getIn(path.slice(0, length), true);
    if (typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range)) {
      return lines.linePos(node.range[0] as number).line;
    }
  }
  return 1;
}

const keyOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : `${text}${text === "" ? "" : "."}${String(part)}`),
    "",
  );

/** Keys that are known at a path. */
function known(path: readonly PropertyKey[], rules: readonly Rule[]): string[] {
  const [first, second, third] = path;
  if (first === undefined) return ["undecided", "rules", "exemptions"];
  if (first === "exemptions") return ["rule", "resource", "owner", "reason", "until"];
  if (second === undefined) return rules.map(({ id }) => id);
  const options = Object.keys(rules.find(({ id }) => id === second)?.schema ?? {});
  return third === "options" ? options : ["level", ...(options.length === 0 ? [] : ["options"])];
}

type Issue = z.core.$ZodIssue;

function describe(
  issue: Issue,
  root: unknown,
  rules: readonly Rule[],
  place: (path: readonly PropertyKey[]) => string,
): string[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const what = path[0] === "rules" && path.length === 1 ? "rule" : "key";
      return `${place([...path, key])}${keyOf([...path, key])}: is no known ${what}.${guess(key, known(path, rules))}`;
    });
  }
  const value = path.reduce<unknown>(
    (at, part) => (typeof at === "object" && at !== null ? (at as Record<PropertyKey, unknown>)[part] : undefined),
    root,
  );
  if (issue.code === "invalid_union" && typeof value === "object" && value !== null) {
    // What is wrong in the group, and not that it is no level.
    const inner = issue.errors.find((branch) =>
      branch.some((one) => one.path.length > 0 || one.code === "unrecognized_keys"),
    );
    if (inner !== undefined) {
      return inner.flatMap((one) => describe({ ...one, path: [...path, ...one.path] }, root, rules, place));
    }
  }
  const where = `${place(path)}${keyOf(path)}: `;
  if (value === undefined) return [`${where}is missing: ${allowed(issue)}`];
  const near =
    issue.code === "invalid_value" && typeof value === "string" ? guess(value, issue.values.map(String), false) : "";
  return [`${where}${JSON.stringify(value)} is not allowed: ${allowed(issue)}.${near}`];
}

function guess(word: string, words: readonly string[], list = true): string {
  const near = nearest(word, words);
  const all = list && words.length > 0 && words.length < 8 ? ` Known here: ${words.join(", ")}.` : "";
  return `${near === undefined ? "" : ` Did you mean "${near}"?`}${all}`;
}

const LEVELS = "must be mandatory, advisory or disabled";

function allowed(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${issue.expected === "int" ? "a whole number" : article(issue.expected)}`;
    case "invalid_value":
      return issue.values.length > 8
        ? "must be the id of a rule"
        : `must be one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      if (issue.origin === "array") return `must have at least ${issue.minimum} entry`;
      return issue.origin === "string" ? "must not be empty" : `must be at least ${issue.minimum}`;
    case "invalid_union":
      return `${LEVELS}, or a group with \`level\` and \`options\``;
    case "invalid_format":
      return "must be a day such as 2026-12-31";
    default:
      return issue.message;
  }
}

const WORDS: Record<string, string> = {
  array: "a list",
  object: "a group of keys",
  string: "text",
  boolean: "true or false",
};
const article = (kind: string): string => WORDS[kind] ?? `a ${kind}`;
