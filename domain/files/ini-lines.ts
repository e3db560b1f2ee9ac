/** What the lines of an INI file mean. */
import { isSpace, type Line, splitLines, trimSpaces } from "./lines.ts";

/**
 * What begins a comment behind a value. `wsl`: `#` anywhere outside quotes, and `;` is part of the value (`command = a ; b`
 * runs both). `common`: `#` or `;` after a space.
 */
export type Dialect = "wsl" | "common";

export function dialectOf(file: string): Dialect {
  const name = file.slice(file.lastIndexOf("/") + 1).toLowerCase();
  return name === "wsl.conf" || name === ".wslconfig" ? "wsl" : "common";
}

export type IniLine =
  /** A header that is not closed has a name that nobody asks for: what follows belongs to no section that we know. */
  | { kind: "section"; name: string }
  /** The value is at `from` to `to` of the line's text. */
  | { kind: "key"; section: string | undefined; key: string; from: number; to: number }
  | { kind: "blank" | "comment" | "other" };

const unclosed = "\n";

export function readIni(text: string, dialect: Dialect): { lines: Line[]; parts: IniLine[] } {
  const lines: Line[] = [];
  const parts: IniLine[] = [];
  let section: string | undefined = "";
  const physical = splitLines(text);
  for (let at = 0; at < physical.length; at += 1) {
    const line = { text: "", end: "", ...physical[at] };
    while (line.end === "\n" && at + 1 < physical.length && dangles(line.text, dialect)) {
      at += 1;
      const next = physical[at];
      line.text += line.end + (next?.text ?? "");
      line.end = next?.end ?? "";
    }
    const part = meaning(line.text, section, dialect);
    if (part.kind === "section") section = part.name === unclosed ? undefined : part.name;
    lines.push(line);
    parts.push(part);
  }
  return { lines, parts };
}

/** The next line belongs to this one: a backslash at its end, in what is neither comment nor header. */
export function dangles(text: string, dialect: Dialect): boolean {
  const kind = meaning(text, "", dialect);
  if (kind.kind !== "key" && kind.kind !== "other") return false;
  if (kind.kind === "key" && trimSpaces(text.slice(kind.to)) !== "") return false;
  return (/\\*$/.exec(text)?.[0].length ?? 0) % 2 === 1;
}

function meaning(text: string, section: string | undefined, dialect: Dialect): IniLine {
  const plain = trimSpaces(text);
  if (plain === "") return { kind: "blank" };
  if (plain.startsWith("#") || plain.startsWith(";")) return { kind: "comment" };
  if (plain.startsWith("[")) {
    const close = plain.indexOf("]");
    return { kind: "section", name: close === -1 ? unclosed : trimSpaces(plain.slice(1, close)) };
  }
  const equals = text.indexOf("=");
  const key = trimSpaces(text.slice(0, equals));
  if (equals === -1 || key === "") return { kind: "other" };
  return { kind: "key", section, key, ...valueAt(text, equals + 1, dialect) };
}

function valueAt(text: string, start: number, dialect: Dialect): { from: number; to: number } {
  let to = start;
  let quoted = false;
  for (; to < text.length; to += 1) {
    const sign = text[to];
    if (sign === "\\") to += 1;
    else if (sign === '"') quoted = !quoted;
    else if (!quoted && beginsComment(text, to, dialect)) break;
  }
  to = Math.min(to, text.length);
  while (to > start && isSpace(text[to - 1])) to -= 1;
  let from = start;
  while (from < to && isSpace(text[from])) from += 1;
  // An empty value stands right after the sign, so that what is written there and taken out again leaves the same line.
  return from === to ? { from: start, to: start } : { from, to };
}

function beginsComment(text: string, at: number, dialect: Dialect): boolean {
  if (dialect === "wsl") return text[at] === "#";
  return (text[at] === "#" || text[at] === ";") && isSpace(text[at - 1]);
}

/** Why a name or a value cannot be written so that it is read back as it is; nothing when it can. */
export function iniProblem(section: string, key: string, value: string, dialect: Dialect): string | undefined {
  if (/[\]\r\n]/.test(section) || trimSpaces(section) !== section)
    return 'a section name cannot hold "]", a line break, or a space at its ends';
  if (key === "" || /[=\r\n]/.test(key) || trimSpaces(key) !== key || /^[[#;]/.test(key))
    return 'a key cannot be empty, hold "=" or a line break, begin with "[", "#" or ";", or have a space at its ends';
  if (/[\r\n]/.test(value)) return "a value is one line";
  if (value === "") return "an empty value is written as two double quotes: '\"\"'";
  const line = `${key}=${value}`;
  const { parts } = readIni(line, dialect);
  const [part] = parts;
  const quotes = value.replace(/\\./g, "").match(/"/g)?.length ?? 0;
  const asIs = part?.kind === "key" && line.slice(part.from, part.to) === value;
  if (asIs && quotes % 2 === 0 && !dangles(line, dialect)) return undefined;
  const signs = dialect === "wsl" ? '"#"' : '" #" or " ;"';
  return `the value would not be read back as it is: ${signs} begins a comment, a backslash at the end takes in the next line, and spaces at the ends are dropped; put it in double quotes, as the file's reader expects them`;
}
