/** `Pulumi.<stack>.yaml` with the line of each key, so that a message can point at it. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type Document, isMap, isScalar, LineCounter, parseDocument } from "yaml";
import { clearCredentials, clearProblem } from "./credentials.ts";
import { SettingsError, type SettingsSource } from "./errors.ts";
import { fullKey, PREFIX } from "./messages.ts";

export interface StackFile {
  /** Values below `config:` that are ours, by key without prefix. */
  raw: Record<string, unknown>;
  source: SettingsSource;
}

/** Reads a stack file; a `SettingsError` says what keeps it from being one. */
export function readStackFile(path: string): StackFile {
  const file = basename(path);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const reason = String(error).replace(/^Error: /, "");
    throw new SettingsError([`${file}: cannot be read: ${reason}`]);
  }
  return parseStackFile(text, file);
}

export function parseStackFile(text: string, file: string): StackFile {
  const lines = new LineCounter();
  const document = openDocument(text, file, lines);
  const config: unknown = plainValue(document, file).config ?? {};
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new SettingsError([
      `${file}:${lineAt(document, lines, ["config"]) ?? 1}: config: must be a group of keys such as "${PREFIX}:go"`,
    ]);
  }
  const raw = Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) =>
      key.startsWith(`${PREFIX}:`) ? [[key.slice(PREFIX.length + 1), value as unknown]] : [],
    ),
  );
  const lineOf = (path: readonly PropertyKey[]): number | undefined => {
    const [first, ...rest] = path;
    for (let length = rest.length; length >= 0; length--) {
      const line = lineAt(document, lines, ["config", `${PREFIX}:${String(first)}`, ...rest.slice(0, length)]);
      if (line !== undefined) return line;
    }
    return undefined;
  };
  const clear = clearCredentials(raw.credentials).map((host) => {
    const path = ["credentials", host];
    return `${file}:${lineOf(path) ?? 1}: ${fullKey(path)}: ${clearProblem(host)}`;
  });
  if (clear.length > 0) throw new SettingsError(clear);
  return { raw, source: { file, lineOf } };
}

function plainValue(document: Document, file: string): Record<string, unknown> {
  try {
    return document.toJS() as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    // The library's message repeats the text behind the star, which can be a password that was not quoted.
    throw new SettingsError([`${file}: a value begins with * and so refers to nothing: put such text in quotes`]);
  }
}

/** A document that is a map without errors; the first thing wrong with it otherwise, as one message. */
export function openDocument(text: string, file: string, lines = new LineCounter()): Document {
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const error = document.errors[0];
  if (error !== undefined) {
    const line = lines.linePos(error.pos[0]).line;
    const hint = error.code === "TAB_AS_INDENT" ? "indent with spaces, not with tabs" : error.message;
    throw new SettingsError([`${file}:${line}: is not valid YAML: ${hint}`]);
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    throw new SettingsError([
      `${file}: is empty; it must have a "config:" with keys such as "${PREFIX}:go". \`./workstation up\` writes a new one when the file is not there.`,
    ]);
  }
  if (!isMap(document.contents)) {
    throw new SettingsError([
      `${file}:1: must be a group of keys such as "config:", not ${isScalar(document.contents) ? "a single value" : "a list"}`,
    ]);
  }
  return document;
}

/** Line of the key (or the list's entry) at a path; undefined when there is none. */
function lineAt(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number | undefined {
  const last = path.at(-1);
  const parent = document.getIn(path.slice(0, -1), true);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last);
    const range = pair !== undefined && isScalar(pair.key) ? pair.key.range : undefined;
    return range ? lines.linePos(range[0]).line : undefined;
  }
  const node = document.getIn(path, true);
  const range =
    typeof node === "object" && node !== null && "range" in node ? (node.range as [number] | undefined) : undefined;
  return range ? lines.linePos(range[0]).line : undefined;
}
