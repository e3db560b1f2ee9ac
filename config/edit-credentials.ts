/** Credentials in a person's stack file: only ciphertext is ever written, and all else stays as it stands. */
import { isMap, isScalar, type Pair, type YAMLMap } from "yaml";
import {
  addBelow,
  checked,
  columnOf,
  findPair,
  insertLines,
  keyColumn,
  keyEnd,
  lineEnd,
  lineStart,
  rangeOf,
} from "./edit.ts";
import { SettingsError } from "./errors.ts";
import { PREFIX } from "./messages.ts";
import { openDocument } from "./stack-file.ts";

const CREDENTIALS = `${PREFIX}:credentials`;

/** Keys of the file by which the engine can open its ciphertext again. */
const ENGINE_KEYS = ["secretsprovider", "encryptedkey", "encryptionsalt"] as const;
export type EngineKeys = Partial<Record<(typeof ENGINE_KEYS)[number], string>>;

export function engineKeys(text: string, file: string): EngineKeys {
  const top = openDocument(text, file).contents as YAMLMap;
  return Object.fromEntries(
    ENGINE_KEYS.flatMap((key) => {
      const value: unknown = top.get(key);
      return typeof value === "string" ? [[key, value]] : [];
    }),
  );
}

/** Adds those that the file lacks. */
export function addEngineKeys(text: string, file: string, keys: EngineKeys): string {
  const present = engineKeys(text, file);
  const lines = ENGINE_KEYS.filter((key) => keys[key] !== undefined && present[key] === undefined)
    .map((key) => `${key}: ${scalar(keys[key] ?? "")}\n`)
    .join("");
  return lines === "" ? text : checked(text.replace(/\n*$/, "\n") + lines, file);
}

/** Writes the ciphertext of a host's secret, in place of the one that is there. */
export function setCredential(text: string, file: string, host: string, ciphertext: string): string {
  const { section, item } = find(text, file, host);
  if (item !== undefined) {
    const secure = isMap(item.value) && item.value.items.length === 1 ? item.value.get("secure", true) : undefined;
    if (!isScalar(secure)) return setCredential(removeCredential(text, file, host), file, host, ciphertext);
    const [start, end] = rangeOf(secure);
    return checked(text.slice(0, start) + scalar(ciphertext) + text.slice(end), file);
  }
  const block = `${JSON.stringify(host)}:\n  secure: ${scalar(ciphertext)}\n`;
  const map = section?.value;
  if (!isMap(map)) return addBelow(text, file, CREDENTIALS, section, block, `${JSON.stringify(host)}: { secure: ... }`);
  const [start, end] = rangeOf(map);
  if (map.flow !== true) return insertLines(text, file, end, block, columnOf(text, start));
  if (map.items.length === 0) {
    const emptied = text.slice(0, start).trimEnd() + text.slice(end);
    return insertLines(emptied, file, keyEnd(section), block, keyColumn(text, section) + 2);
  }
  const entry = `${JSON.stringify(host)}: { secure: ${JSON.stringify(ciphertext)} }`;
  const inside = text
    .slice(start + 1, end - 1)
    .trimEnd()
    .replace(/,$/, "");
  return checked(`${text.slice(0, start + 1)}${inside}, ${entry} ${text.slice(end - 1)}`, file);
}

/** Takes a host out. A group without entries stays, so that the comments around it do. */
export function removeCredential(text: string, file: string, host: string): string {
  const { section, item } = find(text, file, host);
  const map = section?.value;
  if (item === undefined || !isMap(map)) {
    throw new SettingsError([`${file}: ${CREDENTIALS}: has no such entry`]);
  }
  const only = map.items.length === 1;
  if (map.flow === true) {
    const [start, end] = rangeOf(map);
    const left = Object.fromEntries(Object.entries(map.toJSON() as object).filter(([key]) => key !== host));
    return checked(text.slice(0, start) + (only ? "{}" : JSON.stringify(left)) + text.slice(end), file);
  }
  const end = item.value === null ? keyEnd(item) : Math.max(rangeOf(item.value)[1], keyEnd(item));
  const without = text.slice(0, lineStart(text, rangeOf(item.key)[0])) + text.slice(lineEnd(text, end));
  if (!only) return checked(without, file);
  const key = keyEnd(section);
  return checked(`${without.slice(0, key)} {}${without.slice(key)}`, file);
}

function find(text: string, file: string, host: string): { section: Pair | undefined; item: Pair | undefined } {
  const section = findPair(text, file, CREDENTIALS);
  const item = isMap(section?.value)
    ? section.value.items.find(({ key }) => isScalar(key) && String(key.value) === host)
    : undefined;
  return { section, item };
}

/** As the engine writes it where that is certain to be read as text. */
const scalar = (text: string): string => (/^v\d+:[\w+/=:-]+[\w+/=-]$/.test(text) ? text : JSON.stringify(text));
