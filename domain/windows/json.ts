/** Values of a JSON text that somebody else wrote: of the right type, or nothing. */

export type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const stringIn = (value: unknown): string => (typeof value === "string" ? value : "");

/** ConvertTo-Json of Windows' own PowerShell writes a list of one as its only element. */
export const listOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];

export const strings = (value: unknown): string[] =>
  listOf(value).filter((entry): entry is string => typeof entry === "string");
