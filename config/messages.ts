/** One clear message for each thing that the schema does not allow. */
import { z } from "zod";
import { describeCredential, isCredential, shownPath } from "./credentials.ts";
import { nearest } from "./nearest.ts";
import { settingsSchema } from "./schema.ts";

/** `Pulumi.x.yaml:12: ` or nothing. */
export type Place = (path: readonly PropertyKey[]) => string;

export const PREFIX = "go-workstation";

/** `go-workstation:projects[0].goVersion`. */
export function fullKey(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part, index) => {
    if (typeof part === "number") return `${text}[${part}]`;
    // A host's dots are not levels: as the engine's own `--path` writes it.
    if (index > 0 && /[.:]/.test(String(part))) return `${text}[${JSON.stringify(part)}]`;
    return index === 0 ? `${PREFIX}:${String(part)}` : `${text}.${String(part)}`;
  }, PREFIX);
}

export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined,
    root,
  );
}

/** A value as given, short, without a password that stands in a URL. */
export function show(value: unknown): string {
  const text = (JSON.stringify(value) ?? "nothing").replace(/(:\/\/)[^/@\s"]*@/g, "$1***@");
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

const KIND: Record<string, string> = {
  string: 'text (in quotes when it looks like a number, such as "1.22")',
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a group of keys",
  record: "a group of keys",
};

export function describeIssue(issue: z.core.$ZodIssue, root: unknown, place: Place): string[] {
  if (isCredential(issue.path)) {
    return [`${place(issue.path)}${fullKey(shownPath(issue.path))}: ${describeCredential(issue)}`];
  }
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const known = knownKeys(issue.path);
      const near = nearest(key, known);
      const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
      return `${place(path)}${fullKey(path)}: is not a known key.${hint} Known here: ${known.join(", ")}.`;
    });
  }
  if (issue.code === "invalid_key") {
    const reason = issue.issues[0]?.message ?? issue.message;
    const name = issue.path.at(-1);
    return [`${place(issue.path)}${fullKey(issue.path)}: the key ${show(name)} ${reason}`];
  }
  const value = valueAt(root, issue.path);
  if (issue.code === "invalid_union" && typeof value === "object") {
    // The branch that takes a group of keys says what is wrong with them.
    const branch = issue.errors.find((inner) =>
      inner.some(({ code, path }) => path.length > 0 || code === "unrecognized_keys"),
    );
    if (branch !== undefined)
      return branch.flatMap((inner) => describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, root, place));
  }
  if (value === undefined) return [`${place(issue.path)}${fullKey(issue.path)}: is missing: ${allowed(issue)}`];
  return [`${place(issue.path)}${fullKey(issue.path)}: ${show(value)} is not allowed: ${allowed(issue)}`];
}

function allowed(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${KIND[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be ${issue.values.length === 1 ? "" : "one of "}${issue.values.map(String).join(", ")}`;
    case "too_small":
      if (issue.origin === "array")
        return `must have at least ${issue.minimum} entr${issue.minimum === 1 ? "y" : "ies"}`;
      if (issue.origin === "string") return "must not be empty";
      return `must be ${issue.inclusive === true ? "at least" : "more than"} ${issue.minimum}`;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    case "invalid_union": {
      const words = issue.errors
        .flat()
        .flatMap((inner) => (inner.code === "invalid_value" ? inner.values.map(String) : []));
      const kinds = issue.errors
        .flat()
        .flatMap((inner) => (inner.code === "invalid_type" ? [KIND[inner.expected] ?? inner.expected] : []));
      if (words.length === 0 && kinds.length > 0) return `must be ${kinds.join(", or ")}`;
      const group = issue.errors.flat().some((inner) => inner.code === "invalid_type" && inner.expected === "object");
      return `must be ${[...words, group ? KIND.object : "a full version such as v0.16.2"].join(", ")}`;
    }
    default:
      return issue.message;
  }
}

/** Keys of the schema at a path, for "did you mean". */
export function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: z.core.$ZodType = settingsSchema;
  for (const part of path) {
    schema = unwrap(schema);
    if (schema instanceof z.ZodObject) schema = schema.shape[String(part)] ?? z.never();
    else if (schema instanceof z.ZodArray) schema = schema.element;
    else return [];
  }
  schema = unwrap(schema);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  let inner = schema;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) {
    inner = inner.unwrap();
  }
  if (inner instanceof z.ZodUnion) return inner.options.find((option) => option instanceof z.ZodObject) ?? inner;
  return inner;
}
