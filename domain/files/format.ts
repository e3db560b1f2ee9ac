/**
 * A file of which only some keys are ours. A format finds them, writes them and takes them out again, all on text, and
 * changes no other byte of it.
 */
import { createHash } from "node:crypto";

export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
export type Values = { [key: string]: Value };
export type Path = readonly string[];
export interface Leaf {
  path: Path;
  value: Value;
}

/** What has to be known to take a key out again. Raw text of the file, never of what we wrote: that is a hash. */
export interface TouchedKey {
  path: string[];
  /** Digests of the values that we wrote, newest last: any other value on disk is a person's. */
  wrote: string[];
  /** What stood in its places before the first touch, as it was spelled; empty when the key is our addition. */
  was: string[];
  /** Of a block: digests of the lines that we wrote, so that lines which a person added in it can be told apart. */
  lines?: string[];
}

export interface Touch {
  keys: TouchedKey[];
  /** Sections, objects or files that we made to hold keys: they go when nothing is in them any more. */
  made: Made[];
}

export interface Made {
  path: string[];
  /** White space that we put around, so that it goes as well. */
  space: string;
}

export const untouched: Touch = { keys: [], made: [] };

export interface Merged {
  text: string;
  touch: Touch;
}

export interface Undone extends Merged {
  /** Keys that hold something else than we wrote: left as they are. */
  left: Path[];
}

export interface Format {
  /** What is there of these keys. A key that is spelled twice with different values has none that can be relied on. */
  read(text: string, wanted: readonly Leaf[]): Leaf[];
  /** Throws a `FileProblem` when the file cannot be understood where our keys belong. */
  merge(text: string, wanted: readonly Leaf[], touch: Touch): Merged;
  /** Takes out the keys at `paths`, or gives them their earlier values; what is left to undo is in `touch`. */
  undo(text: string, touch: Touch, paths: readonly Path[]): Undone;
  /** Everything that could be ours, for import. */
  all(text: string): Values;
}

const keptDigests = 16;

export function digest(value: Value): string {
  return createHash("sha256").update(canonical(value)).digest("hex");
}

/** The same for equal values, whatever the order of their keys. */
export function canonical(value: Value): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`).join(",")}}`;
}

export function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}

/** Deep keys with their values; arrays are values, objects without keys hold nothing. */
export function leavesOf(values: Values, above: Path = []): Leaf[] {
  return Object.entries(values).flatMap(([key, value]): Leaf[] => {
    const path = [...above, key];
    return value !== null && typeof value === "object" && !Array.isArray(value)
      ? leavesOf(value, path)
      : [{ path, value }];
  });
}

/** The opposite of `leavesOf`. */
export function nest(leaves: readonly Leaf[]): Values {
  const groups = new Map<string, Leaf[]>();
  for (const { path, value } of leaves) {
    const [first = "", ...rest] = path;
    groups.set(first, [...(groups.get(first) ?? []), { path: rest, value }]);
  }
  return Object.fromEntries(
    [...groups].map(([key, inside]) => [key, inside[0]?.path.length === 0 ? inside[0].value : nest(inside)]),
  );
}

/** Such as `values.wsl2.memory`, or `values["a.b"]` for names that have signs in them. */
export function propertyPath(path: Path): string {
  return path
    .map((part, index) =>
      /^[A-Za-z_$][\w$-]*$/.test(part) ? `${index === 0 ? "" : "."}${part}` : `[${JSON.stringify(part)}]`,
    )
    .join("");
}

export function touchedAt(touch: Touch, path: Path): TouchedKey | undefined {
  return touch.keys.find((key) => samePath(key.path, path));
}

/** The record of a key that is about to be written: what stood there first stays what stood there. */
export function recorded(touch: Touch, path: Path, wrote: string, found: readonly string[]): Touch {
  const known = touchedAt(touch, path);
  const entry: TouchedKey = {
    ...known,
    path: [...path],
    wrote: [...(known?.wrote ?? []).filter((old) => old !== wrote), wrote].slice(-keptDigests),
    was: known?.was ?? [...found],
  };
  const keys = known === undefined ? [...touch.keys, entry] : touch.keys.map((key) => (key === known ? entry : key));
  return { ...touch, keys };
}

/** Both, for the moment in which either can be what is on disk. */
export function union(newer: Touch, older: Touch): Touch {
  return {
    keys: [...newer.keys, ...older.keys.filter(({ path }) => touchedAt(newer, path) === undefined)],
    made: [...newer.made, ...older.made.filter(({ path }) => !newer.made.some((made) => samePath(made.path, path)))],
  };
}
