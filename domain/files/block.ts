/** A block of lines between two marks in a file of any kind. Its path is the block's name. */
import {
  digest,
  type Format,
  type Leaf,
  type Merged,
  type Path,
  recorded,
  samePath,
  type Touch,
  touchedAt,
  type Undone,
} from "./format.ts";
import { insertLine, joinLines, type Line, removeLine, splitLines, trimSpaces } from "./lines.ts";
import { FileProblem } from "./problem.ts";

export const defaultComment = "#";
export const defaultBlock = "settings";

export function blockFormat(comment: string): Format {
  return {
    read: (text, wanted) => wanted.flatMap(({ path }) => readBlock(text, path)),
    merge: (text, wanted, touch) =>
      wanted.reduce((so, leaf) => mergeBlock(so.text, leaf, so.touch, comment), { text, touch }),
    undo,
    all: (text) =>
      Object.fromEntries(
        splitLines(text).flatMap(({ text: line }) => {
          const name = /^\S+ >>> go-workstation (.+) >>>$/.exec(trimSpaces(line))?.[1];
          return name === undefined ? [] : readBlock(text, [name]).map(({ value }) => [name, value]);
        }),
      ),
  };
}

export function isMark(line: string): boolean {
  return /^\S+ (>>>|<<<) go-workstation .+ \1$/.test(trimSpaces(line));
}

/** The same for texts that make the same lines. */
export function blockText(content: string): string {
  const text = content.replaceAll("\r\n", "\n");
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

const marks = (name: string) => [`>>> go-workstation ${name} >>>`, `<<< go-workstation ${name} <<<`] as const;

/** Index of the two marks. A damaged block is refused: what is ours between half of it cannot be told. */
function find(lines: readonly Line[], name: string): { from: number; to: number } | undefined {
  const [begin, end] = marks(name);
  const at = (mark: string) =>
    lines.flatMap(({ text }, index) => {
      const line = trimSpaces(text);
      return line.endsWith(` ${mark}`) && /^\S+$/.test(line.slice(0, -mark.length - 1)) ? [index] : [];
    });
  const begins = at(begin);
  const ends = at(end);
  const [from] = begins;
  const [to] = ends;
  if (from === undefined && to === undefined) return undefined;
  if (begins.length === 1 && ends.length === 1 && from !== undefined && to !== undefined && from < to)
    return { from, to };
  const numbers = (found: number[]) =>
    found.length === 0 ? "nowhere" : `in line ${found.map((n) => n + 1).join(", ")}`;
  throw new FileProblem(
    `the block "${name}" must have one begin and one end, but it begins ${numbers(begins)} and ends ${numbers(ends)}; put its marks right ("${begin}" and "${end}"), or remove them`,
  );
}

function readBlock(text: string, path: Path): Leaf[] {
  const lines = splitLines(text);
  const place = find(lines, path[0] ?? "");
  if (place === undefined) return [];
  const inside = lines.slice(place.from + 1, place.to);
  return [{ path, value: inside.map((line) => `${line.text}\n`).join("") }];
}

function mergeBlock(text: string, { path, value }: Leaf, touch: Touch, comment: string): Merged {
  const name = path[0] ?? "";
  const lines = splitLines(text);
  const place = find(lines, name);
  const content = blockText(String(value));
  const wanted = splitLines(content).map((line) => line.text);
  const was = place === undefined ? [] : [joinLines(lines.slice(place.from, place.to + 1))];
  const after = withLines(recorded(touch, path, digest(content), was), path, wanted);
  const [begin, end] = marks(name).map((mark) => `${comment} ${mark}`) as [string, string];
  const wish = [begin, ...wanted, end];
  if (place === undefined) {
    for (const line of wish) insertLine(lines, lines.length, line);
    return { text: joinLines(lines), touch: after };
  }
  const now = lines.slice(place.from, place.to + 1).map((line) => line.text);
  if (now.length === wish.length && now.every((line, index) => trimSpaces(line) === trimSpaces(wish[index] ?? "")))
    return { text, touch: after };
  const lineEnd = lines[place.from]?.end || "\n";
  const last = lines[place.to]?.end ?? "";
  const block = wish.map((line, index) => ({ text: line, end: index === wish.length - 1 ? last : lineEnd }));
  lines.splice(place.from, now.length, ...block);
  return { text: joinLines(lines), touch: after };
}

function withLines(touch: Touch, path: Path, lines: readonly string[]): Touch {
  const keys = touch.keys.map((key) =>
    samePath(key.path, path) ? { ...key, lines: [...new Set([...lines.map(digest), ...(key.lines ?? [])])] } : key,
  );
  return { ...touch, keys };
}

function undo(text: string, touch: Touch, paths: readonly Path[]): Undone {
  const lines = splitLines(text);
  const left: Path[] = [];
  for (const path of paths) {
    const key = touchedAt(touch, path);
    const place = key === undefined ? undefined : find(lines, path[0] ?? "");
    if (key === undefined || place === undefined) continue;
    const inside = lines.slice(place.from + 1, place.to);
    const theirs = inside.filter((line) => !key.lines?.includes(digest(line.text)));
    if (theirs.length > 0) left.push(path);
    const earlier = key.was[0];
    if (earlier !== undefined && theirs.length === 0) {
      const before = splitLines(earlier);
      const end = lines[place.to]?.end ?? "";
      lines.splice(place.from, place.to + 1 - place.from, ...before);
      const last = before.at(-1);
      if (last !== undefined) last.end = end;
    } else {
      for (let index = place.to; index >= place.from; index -= 1) {
        const line = lines[index];
        const mark = index === place.from || index === place.to;
        if (line !== undefined && (mark || !theirs.includes(line))) removeLine(lines, index);
      }
    }
  }
  const keys = touch.keys.filter((key) => !paths.some((path) => samePath(path, key.path)));
  return { text: joinLines(lines), touch: { ...touch, keys }, left };
}
