/** An export as a person sees it before it is taken. It comes from outside: nothing in it may steer the terminal. */
import type { Parameter } from "../../domain/export/make.ts";
import { isGroup, type Json, pathText } from "../../domain/export/spans.ts";
import { table } from "../table.ts";
import type { Signer } from "./ssh-keygen.ts";

/** Longer values are cut, and said to be. */
const LONGEST = 400;

export function shown(value: Json): string {
  const text = (
    typeof value === "string" && /^[\w ./:~@${}*,+=-]+$/.test(value) ? value : JSON.stringify(value)
  ).replace(
    /[^\P{C}]|[\u2028\u2029]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}... (${text.length} characters)` : text;
}

export function settingsTable(settings: Record<string, Json>): string {
  const rows: [string, string][] = [];
  const walk = (value: Json, path: (string | number)[]): void => {
    if (Array.isArray(value) && value.some((item) => typeof item === "object")) {
      for (const [index, item] of value.entries()) walk(item, [...path, index]);
    } else if (isGroup(value) && Object.keys(value).length > 0) {
      for (const [key, item] of Object.entries(value)) walk(item, [...path, key]);
    } else rows.push([pathText(path), Array.isArray(value) ? value.map(shown).join(", ") || "[]" : shown(value)]);
  };
  walk(settings, []);
  return table(
    ["SETTING", "VALUE"],
    rows.map(([path, value]) => [plain(path), value]),
  );
}

export const parameterTable = (parameters: readonly Parameter[]): string =>
  table(
    ["PARAMETER", "WHAT", "USED BY"],
    parameters.map(({ name, description, usedBy, secret }) => [
      name,
      `${plain(description)}${secret === true ? " (secret)" : ""}`,
      plain(usedBy.join(", ")),
    ]),
  );

const plain = (text: string): string => text.replace(/\p{C}/gu, "?");

export function signerText(signer: Signer | undefined): string {
  if (signer === undefined) return "not signed";
  if (signer.principal === undefined) return `signed by ${signer.fingerprint}, which is not allowed here`;
  return `signed by ${plain(signer.principal)} (${signer.fingerprint})`;
}
