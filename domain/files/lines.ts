/** Text as lines that know how they end, so that what is not touched is put together as it was. */
export interface Line {
  text: string;
  /** `\n`, `\r\n`, or nothing at the end of a file without a final newline. */
  end: string;
}

export function splitLines(text: string): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < text.length; ) {
    const feed = text.indexOf("\n", at);
    const next = feed === -1 ? text.length : feed + 1;
    const end = feed === -1 ? "" : feed > at && text[feed - 1] === "\r" ? "\r\n" : "\n";
    lines.push({ text: text.slice(at, next - end.length), end });
    at = next;
  }
  return lines;
}

export function joinLines(lines: readonly Line[]): string {
  return lines.map(({ text, end }) => text + end).join("");
}

/** The line end that a new line takes at `index`: that of its neighbour. */
export function endAt(lines: readonly Line[], index: number): string {
  return lines[index - 1]?.end || lines[index - 2]?.end || lines[index]?.end || lines[0]?.end || "\n";
}

/** Whether a file ends in a newline belongs to the file, not to the line that happens to be last. */
export function insertLine(lines: Line[], index: number, text: string): void {
  const end = endAt(lines, index);
  const before = lines[index - 1];
  if (before?.end === "") {
    before.end = end;
    lines.splice(index, 0, { text, end: "" });
  } else lines.splice(index, 0, { text, end });
}

export function removeLine(lines: Line[], index: number): void {
  const [removed] = lines.splice(index, 1);
  const before = lines[index - 1];
  if (removed?.end === "" && index === lines.length && before !== undefined) before.end = "";
}

/** Spaces as settings files know them; a no-break space is a letter there. */
export function isSpace(sign: string | undefined): boolean {
  return sign === " " || sign === "\t" || sign === "\r" || sign === "\f" || sign === "\v";
}

export function trimSpaces(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isSpace(text[from])) from += 1;
  while (to > from && isSpace(text[to - 1])) to -= 1;
  return text.slice(from, to);
}
