/** Which values of the settings are secrets as a whole, and the text of every secret in them. */
import { announcesSecret, isHarmless, namesSecret, secretSpans } from "./secrets.ts";
import { isGroup, type Json, pathText } from "./spans.ts";

export type Step = string | number;

export interface Secrets {
  /** Paths of values that are secret from their first to their last character. */
  places: Set<string>;
  texts: Set<string>;
}

/** As the engine writes an encrypted value. */
export const isSecure = (value: unknown): boolean =>
  isGroup(value) && Object.keys(value).length === 1 && typeof value.secure === "string";

export function secretsIn(settings: Record<string, Json>): Secrets {
  const found: Secrets = { places: new Set(), texts: new Set() };
  walk(settings, [], false, found);
  return found;
}

function walk(value: Json, path: Step[], secret: boolean, found: Secrets): void {
  if (isSecure(value)) {
    found.places.add(pathText(path));
    return;
  }
  if (typeof value === "string") walkText(value, path, secret, found);
  else if (typeof value === "number" && secret) note(String(value), path, found);
  else if (Array.isArray(value)) walkList(value, path, secret, found);
  else if (isGroup(value)) walkGroup(value, path, secret, found);
}

function walkText(text: string, path: Step[], secret: boolean, found: Secrets): void {
  if (secret && !isHarmless(text)) note(text, path, found);
  for (const { start, end } of secretSpans(text)) found.texts.add(text.slice(start, end));
}

function note(text: string, path: Step[], found: Secrets): void {
  found.places.add(pathText(path));
  found.texts.add(text);
}

function walkList(list: readonly Json[], path: Step[], secret: boolean, found: Secrets): void {
  for (const [index, item] of list.entries()) {
    walk(item, [...path, index], secret || announcesSecret(list[index - 1]), found);
  }
}

function walkGroup(group: Record<string, Json>, path: Step[], secret: boolean, found: Secrets): void {
  // `{ name: API_TOKEN, value: … }`
  const named = ["name", "key", "variable"].some((key) => typeof group[key] === "string" && namesSecret(group[key]));
  for (const [key, item] of Object.entries(group)) {
    for (const { start, end } of secretSpans(key)) found.texts.add(key.slice(start, end));
    walk(item, [...path, key], secret || namesSecret(key) || (named && key === "value"), found);
  }
}
