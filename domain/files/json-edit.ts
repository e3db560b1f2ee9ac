/** Edits of JSON text that leave every byte but their own: a property in, a property out, a value in the place of another. */
import { createScanner } from "jsonc-parser";
import type { Value, Values } from "./format.ts";
import type { Node } from "./json-tree.ts";

// The scanner's kinds of tokens: its enum exists only for TypeScript's compiler, which we do not run.
const token = { closeBrace: 2, comma: 5, lineComment: 12, blockComment: 13, lineBreak: 14, end: 17 } as const;

/** How a file writes things. */
interface Style {
  lineEnd: string;
  /** Of one level. */
  indent: string;
  /** A space behind colons and commas. */
  spaced: boolean;
}

interface Edit {
  from: number;
  to: number;
  put: string;
}

const endOf = (node: Node): number => node.offset + node.length;

/** Of two edits at the same place the first in the list comes first in the text. */
function apply(text: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => a.from - b.from)
    .reduceRight((now, { from, to, put }) => now.slice(0, from) + put + now.slice(to), text);
}

export function inside(text: string, object: Node): string {
  return text.slice(object.offset + 1, endOf(object) - 1);
}

export function replaceNode(text: string, node: Node, value: Value): string {
  const wasMany = text.slice(node.offset, endOf(node)).includes("\n");
  const style = { ...styleOf(text, rootOf(node)), spaced: true };
  const many = wasMany || firstOnLine(text, node.parent?.offset ?? 0);
  const put = many ? pretty(value, lineIndent(text, node.offset), style) : oneLine(value, style);
  return apply(text, [{ from: node.offset, to: endOf(node), put }]);
}

/** A file that has no object yet: what stands in it stays above. */
export function newFile(text: string, values: Values): { text: string; space: string } {
  const lineEnd = /\r?\n/.exec(text)?.[0] ?? "\n";
  const lead = text.trim() !== "" && !text.endsWith("\n") ? lineEnd : "";
  const object = pretty(values, "", { lineEnd, indent: "  ", spaced: true });
  return { text: `${text}${lead}${object}${lineEnd}`, space: `file${lead}` };
}

/** What `addProperty` puts behind the first property of an empty object, so that its brace gets a line of its own. */
export function trailAfter(text: string, object: Node): string {
  if ((object.children ?? []).length > 0 || inside(text, object).trim() !== "") return "";
  if (inside(text, object).includes("\n")) return "";
  const root = rootOf(object);
  if (object !== root && !inside(text, root).includes("\n")) return "";
  return styleOf(text, root).lineEnd + lineIndent(text, object.offset);
}

export function addProperty(text: string, object: Node, name: string, value: Value): string {
  const last = object.children?.at(-1);
  const style = styleOf(text, rootOf(object), last);
  const tail = tailOf(text, last === undefined ? object.offset + 1 : endOf(last));
  const colon = `${JSON.stringify(name)}:${style.spaced ? " " : ""}`;
  const trail = trailAfter(text, object);
  const comma =
    last === undefined || tail.comma !== undefined ? [] : [{ from: endOf(last), to: endOf(last), put: "," }];
  const ownComma = last !== undefined && tail.comma !== undefined ? "," : "";
  if (trail !== "" || tail.lineBreak !== undefined) {
    const neighbour = last ?? tail.comment;
    const besides = neighbour !== undefined && firstOnLine(text, neighbour.offset);
    const indent = besides ? lineIndent(text, neighbour.offset) : lineIndent(text, object.offset) + style.indent;
    const empty = last === undefined && tail.comment === undefined;
    const at = empty || tail.lineBreak === undefined ? object.offset + 1 : tail.lineBreak;
    const lineEnd = tail.lineBreak === undefined ? style.lineEnd : lineEndAt(text, tail.lineBreak);
    const put = `${lineEnd}${indent}${colon}${pretty(value, indent, style)}${ownComma}${trail}`;
    return apply(text, [...comma, { from: at, to: at, put }]);
  }
  const gap = last === undefined ? (tail.comment === undefined ? "" : " ") : style.spaced ? " " : "";
  const separator = last !== undefined && tail.comma === undefined ? "," : "";
  const put = `${separator}${gap}${colon}${oneLine(value, style)}${ownComma}`;
  return apply(text, [{ from: tail.end, to: tail.end, put }]);
}

/** With one comma, and its line when nothing else stands in it. */
export function removeProperty(text: string, property: Node): string {
  const siblings = property.parent?.children ?? [];
  const before = siblings[siblings.indexOf(property) - 1];
  const end = endOf(property);
  const next = commaAfter(text, end);
  const previous = next === undefined && before !== undefined ? commaAfter(text, endOf(before)) : undefined;
  const comma = next ?? previous;
  const rest = next === undefined ? text.slice(end) : text.slice(end, next) + text.slice(next + 1);
  const space = /\s*$/.exec(text.slice(0, property.offset))?.[0] ?? "";
  const newline = /\r?\n[^\n]*$|\r[^\r]*$/.exec(space)?.[0];
  const alone = /^[ \t]*(\r|\n|$)/.test(rest);
  const lead = newline === undefined ? space.length : alone ? newline.length : 0;
  return apply(text, [
    { from: property.offset - lead, to: end, put: "" },
    ...(comma === undefined ? [] : [{ from: comma, to: comma + 1, put: "" }]),
  ]);
}

interface Tail {
  /** Behind the last comma and comment that belong to what stands before. */
  end: number;
  comma?: number;
  /** Where the line ends in which that is. */
  lineBreak?: number;
  comment?: { offset: number };
}

/** What stands between a value and the brace that closes its object. */
function tailOf(text: string, from: number): Tail {
  const tail: Tail = { end: from };
  const scanner = createScanner(text, false);
  scanner.setPosition(from);
  const emptySoFar = text[from - 1] === "{";
  for (;;) {
    const kind: number = scanner.scan();
    const offset = scanner.getTokenOffset();
    if (kind === token.closeBrace || kind === token.end) return tail;
    if (kind === token.lineBreak) tail.lineBreak ??= offset;
    if (kind === token.comma) {
      tail.comma = offset;
      tail.end = offset + 1;
      delete tail.lineBreak;
    }
    const comment = kind === token.lineComment || kind === token.blockComment;
    // Comments of an object that has nothing else lead it; behind a value only those of its line belong to it.
    if (comment && (emptySoFar || tail.lineBreak === undefined)) {
      tail.end = offset + scanner.getTokenLength();
      tail.comment = { offset };
      delete tail.lineBreak;
    }
  }
}

function commaAfter(text: string, from: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(from);
  const kind: number = scanner.scan();
  return kind === token.comma ? scanner.getTokenOffset() : undefined;
}

function rootOf(node: Node): Node {
  return node.parent === undefined ? node : rootOf(node.parent);
}

function styleOf(text: string, root: Node, neighbour?: Node): Style {
  const [key, value] = neighbour?.children ?? [];
  const compact = key !== undefined && value !== undefined && text.slice(endOf(key), value.offset) === ":";
  const first = root.children?.find((child) => firstOnLine(text, child.offset));
  const step = first === undefined ? "" : lineIndent(text, first.offset);
  return { lineEnd: /\r?\n/.exec(text)?.[0] ?? "\n", indent: step === "" ? "  " : step, spaced: !compact };
}

function lineStart(text: string, offset: number): number {
  return Math.max(text.lastIndexOf("\n", offset - 1), text.lastIndexOf("\r", offset - 1)) + 1;
}

function firstOnLine(text: string, offset: number): boolean {
  const start = lineStart(text, offset);
  return start > 0 && /^[ \t]*$/.test(text.slice(start, offset));
}

function lineIndent(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset), offset))?.[0] ?? "";
}

function lineEndAt(text: string, offset: number): string {
  return /^(\r\n|\r|\n)/.exec(text.slice(offset, offset + 2))?.[0] ?? "\n";
}

const shortLine = 80;

/** Objects over several lines, and arrays that would be long. */
function pretty(value: Value, indent: string, style: Style): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const line = oneLine(value, { ...style, spaced: true });
  const flat = Array.isArray(value) && value.every((item) => item === null || typeof item !== "object");
  if (line === "{}" || line === "[]" || (flat && line.length <= shortLine)) return line;
  const deeper = indent + style.indent;
  const items = Array.isArray(value)
    ? value.map((item) => pretty(item, deeper, style))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${pretty(item, deeper, style)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const { lineEnd } = style;
  return `${open}${lineEnd}${items.map((item) => deeper + item).join(`,${lineEnd}`)}${lineEnd}${indent}${close}`;
}

function oneLine(value: Value, style: Style): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const gap = style.spaced ? " " : "";
  if (Array.isArray(value)) return `[${value.map((item) => oneLine(item, style)).join(`,${gap}`)}]`;
  const items = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${gap}${oneLine(item, style)}`);
  return items.length === 0 ? "{}" : `{${gap}${items.join(`,${gap}`)}${gap}}`;
}
