/** JSON text as a tree that knows where each value stands. */
import { type ParseError, type Node as ParserNode, parseTree, printParseErrorCode } from "jsonc-parser";
import type { Path, Value } from "./format.ts";
import { FileProblem } from "./problem.ts";

export type Node = ParserNode;

/** `json`: as the standard has it. `jsonc`: with comments and a comma after the last item. */
export type Strictness = "json" | "jsonc";

/** The root object; `undefined` when there is nothing but white space and comments. */
export function parseJson(text: string, strictness: Strictness): Node | undefined {
  const errors: ParseError[] = [];
  const strict = strictness === "json";
  const root = parseTree(text, errors, {
    disallowComments: strict,
    allowTrailingComma: !strict,
    allowEmptyContent: true,
  });
  const [error] = errors;
  if (error !== undefined) throw new FileProblem(explain(text, error, strict));
  if (root === undefined) return undefined;
  if (root.type !== "object") throw new FileProblem(`it holds ${article(root.type)}, not an object with keys`);
  return root;
}

function explain(text: string, { error, offset }: ParseError, strict: boolean): string {
  const line = lineOf(text, offset);
  const name = printParseErrorCode(error);
  if (strict && name === "InvalidCommentToken")
    return `line ${line} has a comment, which JSON does not know; take it out, or use the mode jsonc if the file's reader allows comments`;
  const rest = text.slice(offset).trimStart();
  if (strict && (rest.startsWith("}") || rest.startsWith("]")) && /,\s*$/.test(text.slice(0, offset)))
    return `line ${line}: there is a comma after the last item, which JSON does not allow; take it out, or use the mode jsonc if the file's reader allows it`;
  return `line ${line} is not valid JSON (${problems[name] ?? "it cannot be understood"}); put the file right first`;
}

const problems: { [name: string]: string } = {
  InvalidSymbol: "there is a word that JSON does not know",
  InvalidNumberFormat: "a number is malformed",
  PropertyNameExpected: "a key is missing",
  ValueExpected: "a value is missing",
  ColonExpected: "a colon is missing",
  CommaExpected: "a comma is missing",
  CloseBraceExpected: "a closing brace is missing",
  CloseBracketExpected: "a closing bracket is missing",
  EndOfFileExpected: "something stands after the end",
  UnexpectedEndOfComment: "a comment is not closed",
  UnexpectedEndOfString: "a text is not closed",
  InvalidUnicode: "a \\u escape is malformed",
  InvalidEscapeCharacter: "an escape is not known",
  InvalidCharacter: "a text holds a control character",
};

export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

export function article(type: string): string {
  return type === "array" || type === "object" ? `an ${type}` : type === "null" ? "null" : `a ${type}`;
}

export type Found =
  | { kind: "there"; value: Node; property: Node }
  /** `object` is the deepest one that is there; it has no key `path[depth]`. */
  | { kind: "absent"; object: Node; depth: number }
  /** `path[0..depth]` is something that cannot hold keys. */
  | { kind: "blocked"; depth: number; type: string }
  | { kind: "twice"; depth: number; lines: number[] };

export function lookUp(text: string, root: Node, path: Path): Found {
  let object = root;
  for (const [depth, name] of path.entries()) {
    if (object.type !== "object") return { kind: "blocked", depth, type: article(object.type) };
    const properties = (object.children ?? []).filter((child) => child.children?.[0]?.value === name);
    if (properties.length > 1)
      return { kind: "twice", depth, lines: properties.map((property) => lineOf(text, property.offset)) };
    const property = properties[0];
    const value = property?.children?.[1];
    if (property === undefined || value === undefined) return { kind: "absent", object, depth };
    if (depth === path.length - 1) return { kind: "there", value, property };
    object = value;
  }
  return { kind: "there", value: root, property: root };
}

export function plainValue(node: Node): Value {
  if (node.type === "array") return (node.children ?? []).map(plainValue);
  if (node.type !== "object") return node.value as Value;
  return Object.fromEntries(
    (node.children ?? []).map((property) => {
      const [key, value] = property.children ?? [];
      return [String(key?.value), value === undefined ? null : plainValue(value)];
    }),
  );
}
