/**
 * Changes to a person's stack file as text. The parsed document only says where things stand; the change is spliced into
 * the text, because writing the document out again would move comments and respell what nobody asked to change.
 */
import { isMap, isScalar, isSeq, type Pair, stringify, type YAMLMap } from "yaml";
import { SettingsError } from "./errors.ts";
import { PREFIX } from "./messages.ts";
import type { SettingsInput } from "./schema.ts";
import { openDocument } from "./stack-file.ts";

export type ProjectInput = NonNullable<SettingsInput["projects"]>[number];

const PROJECTS = `${PREFIX}:projects`;
const IMAGE = `${PREFIX}:image`;
const GO = `${PREFIX}:go`;

/** Adds an entry at the end of the projects. */
export function addProject(text: string, file: string, project: ProjectInput): string {
  const pair = findPair(text, file, PROJECTS);
  const value = pair?.value;
  if (isSeq(value) && value.items.length > 0) {
    const [start, end] = rangeOf(value);
    if (value.flow === true) {
      return checked(`${text.slice(0, end - 1).trimEnd()}, ${JSON.stringify(project)}${text.slice(end - 1)}`, file);
    }
    return insertLines(text, file, end, stringify([project]), columnOf(text, start));
  }
  if (isSeq(value)) {
    const [start, end] = rangeOf(value);
    const emptied = text.slice(0, start).trimEnd() + text.slice(end);
    return insertLines(emptied, file, keyEnd(pair), stringify([project]), keyColumn(text, pair) + 2);
  }
  return addBelow(text, file, PROJECTS, pair, stringify([project]), `"- path: ${project.path}"`);
}

/** Takes the entry at `index` out of the projects; comments above and below it stay. */
export function removeProject(text: string, file: string, index: number): string {
  const pair = findPair(text, file, PROJECTS);
  const list = pair?.value;
  const item = isSeq(list) ? list.items[index] : undefined;
  if (!isSeq(list) || item === undefined) {
    throw new SettingsError([
      `${file}: ${PROJECTS}: has ${isSeq(list) ? list.items.length : 0} entries, none at ${index}`,
    ]);
  }
  if (list.flow === true) {
    const [start, end] = rangeOf(list);
    const left = (list.toJSON() as unknown[]).filter((_, position) => position !== index);
    return checked(text.slice(0, start) + JSON.stringify(left) + text.slice(end), file);
  }
  const [start, end] = rangeOf(item);
  const without = text.slice(0, lineStart(text, text.lastIndexOf("-", start - 1))) + text.slice(lineEnd(text, end));
  if (list.items.length > 1) return checked(without, file);
  const key = keyEnd(pair);
  return checked(`${without.slice(0, key)} []${without.slice(key)}`, file);
}

/** Writes where base images come from; everything else about images stays. */
export function setImageSource(text: string, file: string, source: "registry" | "bootstrap"): string {
  const pair = findPair(text, file, IMAGE);
  const value = pair?.value;
  if (!isMap(value)) return addBelow(text, file, IMAGE, pair, `source: ${source}\n`, `"source: ${source}"`);
  const present = value.get("source", true);
  if (present !== undefined) {
    const [start, end] = rangeOf(present);
    return checked(text.slice(0, start) + source + text.slice(end), file);
  }
  return addToMap(text, file, value, `source: ${source}`);
}

/** Sets one variable of `go.env`; everything else about Go stays. */
export function setGoEnv(text: string, file: string, name: string, value: string): string {
  const pair = findPair(text, file, GO);
  const go = pair?.value;
  const written = JSON.stringify(value);
  const block = `${name}: ${written}\n`;
  if (!isMap(go)) return addBelow(text, file, GO, pair, `env:\n${indent(block, 2)}`, `"env: { ${name}: ${written} }"`);
  const env = go.get("env", true);
  if (env === undefined)
    return go.flow === true
      ? addToMap(text, file, go, `env: { ${name}: ${written} }`)
      : addToMap(text, file, go, `env:\n${" ".repeat(columnOf(text, rangeOf(go)[0]) + 2)}${block.trimEnd()}`);
  if (!isMap(env)) {
    throw new SettingsError([
      `${file}: ${GO}.env: cannot be added to as it stands; write ${name}: ${written} below it by hand`,
    ]);
  }
  const present = env.get(name, true);
  if (present === undefined) return addToMap(text, file, env, block.trimEnd());
  const [start, end] = rangeOf(present);
  return checked(text.slice(0, start) + written + text.slice(end), file);
}

/** As its first entry, in the way that it is written. */
function addToMap(text: string, file: string, map: YAMLMap, entry: string): string {
  const [start] = rangeOf(map);
  if (map.flow !== true) {
    return checked(`${text.slice(0, start)}${entry}\n${" ".repeat(columnOf(text, start))}${text.slice(start)}`, file);
  }
  const separator = map.items.length > 0 ? ", " : " ";
  return checked(`${text.slice(0, start + 1)} ${entry}${separator}${text.slice(start + 1).trimStart()}`, file);
}

/** Puts a block below a key that is there without a value, or below a new key at the end of `config`. */
export function addBelow(
  text: string,
  file: string,
  key: string,
  pair: Pair | undefined,
  block: string,
  byHand: string,
): string {
  if (pair !== undefined) {
    if (!(isScalar(pair.value) && pair.value.value === null) && pair.value !== null) {
      throw new SettingsError([`${file}: ${key}: cannot be added to as it stands; write ${byHand} below it by hand`]);
    }
    return insertLines(text, file, keyEnd(pair), block, keyColumn(text, pair) + 2);
  }
  const lines = `${key}:\n${indent(block, 2)}`;
  const config = configMap(text, file);
  if (config !== undefined) {
    const first = config.items[0] as Pair;
    if (config.flow === true) {
      throw new SettingsError([`${file}: config: stands in braces on one line; write ${key} into it by hand`]);
    }
    return insertLines(text, file, rangeOf(config)[1], lines, keyColumn(text, first));
  }
  const heading = topPair(text, file);
  if (heading !== undefined) return insertLines(text, file, keyEnd(heading), lines, 2);
  return checked(`${text.replace(/\n*$/, "\n")}config:\n${indent(lines, 2)}`, file);
}

function topPair(text: string, file: string): Pair | undefined {
  const top = openDocument(text, file).contents as YAMLMap;
  return top.items.find(({ key }) => isScalar(key) && key.value === "config");
}

/** The map below `config:`; undefined when there is none or nothing in it. */
function configMap(text: string, file: string): YAMLMap | undefined {
  const pair = topPair(text, file);
  if (pair === undefined || pair.value === null || (isScalar(pair.value) && pair.value.value === null))
    return undefined;
  if (!isMap(pair.value) || pair.value.items.length === 0) {
    throw new SettingsError([`${file}: config: must be a group of keys such as "${PREFIX}:go"`]);
  }
  return pair.value;
}

export const findPair = (text: string, file: string, key: string): Pair | undefined =>
  configMap(text, file)?.items.find((pair) => isScalar(pair.key) && pair.key.value === key);

/** First and last position of a parsed node. */
export function rangeOf(node: unknown): [start: number, end: number] {
  const range = (node as { range?: [number, number, number] }).range;
  if (range === undefined) throw new Error("a parsed node has no range");
  return [range[0], range[1]];
}

/** Behind the key's colon. */
export const keyEnd = (pair: Pair | undefined): number => rangeOf(pair?.key)[1] + 1;
export const keyColumn = (text: string, pair: Pair | undefined): number => columnOf(text, rangeOf(pair?.key)[0]);
export const lineStart = (text: string, position: number): number => text.lastIndexOf("\n", position - 1) + 1;
export const columnOf = (text: string, position: number): number => position - lineStart(text, position);

/** Behind the line on which the text up to `position` ends. */
export function lineEnd(text: string, position: number): number {
  const newline = text.indexOf("\n", text.slice(0, position).trimEnd().length);
  return newline === -1 ? text.length : newline + 1;
}

const indent = (block: string, columns: number): string => block.replace(/^(?=.)/gm, " ".repeat(columns));

export function insertLines(text: string, file: string, position: number, block: string, columns: number): string {
  const at = lineEnd(text, position);
  const before = text.slice(0, at);
  const complete = before === "" || before.endsWith("\n") ? before : `${before}\n`;
  return checked(complete + indent(block, columns) + text.slice(at), file);
}

/** A splice that broke the file must not reach it. */
export function checked(text: string, file: string): string {
  openDocument(text, file);
  return text;
}
