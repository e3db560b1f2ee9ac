/**
 * INI files: keys by section, everything else kept byte for byte. Our own small reader of lines: the npm packages for INI
 * (`ini` among them) parse into objects and write the file anew, without its comments, order and line ends.
 *
 * Names are found whatever their case, as WSL and git do, and keep the file's spelling. A key that stands there several
 * times is ours in each place, because readers differ in which one counts. Before any section header the section is "".
 */
import {
  digest,
  type Format,
  type Leaf,
  type Made,
  type Merged,
  type Path,
  recorded,
  samePath,
  type Touch,
  type Undone,
  type Value,
  type Values,
} from "./format.ts";
import { type Dialect, dangles, type IniLine, readIni } from "./ini-lines.ts";
import { endAt, insertLine, joinLines, type Line, removeLine } from "./lines.ts";
import { FileProblem } from "./problem.ts";

export function iniFormat(dialect: Dialect): Format {
  return {
    read: (text, wanted) => readKeys(open(text, dialect), wanted),
    merge: (text, wanted, touch) => merge(text, wanted, touch, dialect),
    undo: (text, touch, paths) => undo(text, touch, paths, dialect),
    all: (text) => all(open(text, dialect)),
  };
}

const openEnd =
  "its last line ends in a backslash, which would take in the line after it; end that line, or take the backslash out";

/** A file while it is changed: `lines` are the truth, `parts` what they mean. */
interface Opened {
  lines: Line[];
  parts: IniLine[];
  dialect: Dialect;
}

function open(text: string, dialect: Dialect): Opened {
  const { lines, parts } = readIni(text, dialect);
  return { lines, parts, dialect };
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Whether the spelling in the file says what is wanted: quotes do not count, nor the case of true and false. */
export function saysIni(spelled: Value | undefined, wanted: Value): boolean {
  if (spelled === undefined) return false;
  const text = String(spelled);
  const bare = /^"[^"\\]*"$/.test(text) ? text.slice(1, -1) : text;
  const wish = String(wanted);
  if (typeof wanted === "boolean") return same(bare, wish);
  return text === wish || bare === wish;
}

interface Place {
  index: number;
  /** As spelled in the file. */
  value: string;
}

function placesOf({ lines, parts }: Opened, [section = "", key = ""]: Path): Place[] {
  return parts.flatMap((part, index): Place[] =>
    part.kind === "key" && same(part.key, key) && part.section !== undefined && same(part.section, section)
      ? [{ index, value: (lines[index]?.text ?? "").slice(part.from, part.to) }]
      : [],
  );
}

function readKeys(file: Opened, wanted: readonly Leaf[]): Leaf[] {
  return wanted.flatMap(({ path, value }): Leaf[] => {
    const places = placesOf(file, path);
    const other = places.find((place) => !saysIni(place.value, value));
    if (places.length === 0) return [];
    return [{ path, value: other === undefined ? value : other.value }];
  });
}

function all({ lines, parts }: Opened): Values {
  const sections = new Map<string, Map<string, string>>();
  parts.forEach((part, index) => {
    if (part.kind !== "key" || part.section === undefined) return;
    const name = [...sections.keys()].find((known) => same(known, part.section ?? "")) ?? part.section;
    const keys = sections.get(name) ?? new Map<string, string>();
    const key = [...keys.keys()].find((known) => same(known, part.key)) ?? part.key;
    if (!keys.has(key)) keys.set(key, (lines[index]?.text ?? "").slice(part.from, part.to));
    sections.set(name, keys);
  });
  return Object.fromEntries([...sections].map(([name, keys]) => [name, Object.fromEntries(keys)]));
}

function merge(text: string, wanted: readonly Leaf[], touch: Touch, dialect: Dialect): Merged {
  const file = open(text, dialect);
  let after = touch;
  for (const { path, value } of wanted) {
    const places = placesOf(file, path);
    after = recorded(
      after,
      path,
      digest(String(value)),
      places.map((place) => place.value),
    );
    for (const place of places) if (!saysIni(place.value, value)) respell(file, place.index, String(value));
    if (places.length === 0) after = add(file, path, String(value), after);
  }
  return { text: joinLines(file.lines), touch: after };
}

function respell(file: Opened, index: number, value: string): void {
  const line = file.lines[index];
  const part = file.parts[index];
  if (line === undefined || part?.kind !== "key") return;
  if (line.end !== "\r\n" && dangles(line.text, file.dialect)) throw new FileProblem(openEnd);
  line.text = line.text.slice(0, part.from) + value + line.text.slice(part.to);
  reread(file);
}

/** Lines that a change made, or joined by a continuation, are read again; settings files are small. */
function reread(file: Opened): void {
  Object.assign(file, open(joinLines(file.lines), file.dialect));
}

function add(file: Opened, path: Path, value: string, touch: Touch): Touch {
  const [section = "", key = ""] = path;
  const made: Made[] = [];
  let index = lastOf(file, section);
  if (index === undefined) {
    index = file.lines.length;
    const blank = index > 0 && file.parts[index - 1]?.kind !== "blank";
    insert(file, index, `[${section}]`);
    // Afterwards: an empty line at the end of a file without a final newline would be no line at all.
    if (blank) insert(file, index++, "");
    index += 1;
    made.push({ path: [section], space: blank ? "blank line" : "" });
  }
  insert(file, index, written(file, index, key, value));
  return {
    ...touch,
    made: [...touch.made.filter((one) => !made.some((now) => samePath(one.path, now.path))), ...made],
  };
}

/** Where a new key of a section goes: after its last key, before the comments and empty lines that lead to the next. */
function lastOf({ parts }: Opened, section: string): number | undefined {
  const header = parts.findIndex((part) => part.kind === "section" && same(part.name, section));
  if (header === -1 && section !== "") return undefined;
  const next = parts.findIndex((part, index) => index > header && part.kind === "section");
  const end = next === -1 ? parts.length : next;
  for (let index = end; index > header + 1; index -= 1) {
    const kind = parts[index - 1]?.kind;
    if (kind === "key" || kind === "other") return index;
  }
  // A file without any header that has only comments: below them.
  return section === "" && next === -1 ? parts.length : header + 1;
}

function insert(file: Opened, index: number, text: string): void {
  const before = file.lines[index - 1];
  if (before !== undefined && endAt(file.lines, index) === "\n" && dangles(before.text, file.dialect)) {
    throw new FileProblem(openEnd);
  }
  insertLine(file.lines, index, text);
  reread(file);
}

/** With the indentation and the spaces around `=` of the nearest key above, or the first one of the file. */
function written({ lines, parts }: Opened, index: number, key: string, value: string): string {
  const isKey = (part: IniLine): boolean => part.kind === "key";
  const above = parts.findLastIndex((part, at) => at < index && isKey(part));
  const model = above === -1 ? parts.findIndex(isKey) : above;
  const [, indent = "", before = "", after = ""] = /^([ \t]*)[^=]*?( *)=( *)/.exec(lines[model]?.text ?? "") ?? [];
  return `${indent}${key}${before === "" ? "" : " "}=${before + after === "" ? "" : " "}${value}`;
}

function undo(text: string, touch: Touch, paths: readonly Path[], dialect: Dialect): Undone {
  const file = open(text, dialect);
  const left: Path[] = [];
  const ours = touch.keys.filter((key) => paths.some((path) => samePath(path, key.path)));
  // The last first, so that each line stands again where it stood when it was touched.
  for (const { path, wrote, was } of ours.toReversed()) {
    const places = placesOf(file, path);
    const isOurs = ({ value }: Place): boolean =>
      wrote.includes(digest(value)) || wrote.includes(digest(bareIni(value)));
    if (places.some((place) => !isOurs(place) && !was.includes(place.value))) left.push(path);
    const mine = places.filter(isOurs);
    // Each place gets back its own; with places added or removed by a person, ours get them in order.
    const earlier = (place: Place, nth: number) => was[places.length === was.length ? places.indexOf(place) : nth];
    for (const [nth, place] of [...mine.entries()].toReversed()) {
      const value = earlier(place, nth);
      if (value !== undefined) respell(file, place.index, value);
      else {
        removeLine(file.lines, place.index);
        reread(file);
      }
    }
  }
  const keys = touch.keys.filter((key) => !ours.includes(key));
  const made = touch.made.toReversed().filter((one) => !removeSection(file, one));
  return { text: joinLines(file.lines), touch: { keys, made: keys.length === 0 ? [] : made.toReversed() }, left };
}

/** Without what `saysIni` does not count. */
export function bareIni(value: string): string {
  const plain = /^"[^"\\]*"$/.test(value) ? value.slice(1, -1) : value;
  return /^(true|false)$/i.test(plain) ? plain.toLowerCase() : plain;
}

/** Only when nothing is in it any more. */
function removeSection(file: Opened, { path: [name = ""], space }: Made): boolean {
  const header = file.parts.findIndex((part) => part.kind === "section" && same(part.name, name));
  if (header === -1) return true;
  const next = file.parts.findIndex((part, index) => index > header && part.kind === "section");
  const inside = file.parts.slice(header + 1, next === -1 ? undefined : next);
  if (inside.some((part) => part.kind !== "blank")) return false;
  removeLine(file.lines, header);
  if (space !== "" && file.lines[header - 1]?.text === "") removeLine(file.lines, header - 1);
  reread(file);
  return true;
}
