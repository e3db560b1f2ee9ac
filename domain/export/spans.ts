/** Pieces of a text that something was found in. */
export interface Span {
  /** First character. */
  start: number;
  /** Behind the last one. */
  end: number;
}

/** Where group `group` of each match stands; needs the flags `g` and `d`. */
export function groupSpans(text: string, pattern: RegExp, group = 1): Span[] {
  return [...text.matchAll(pattern)].flatMap(({ indices }) => {
    const range = indices?.[group];
    return range === undefined || range[0] === range[1] ? [] : [{ start: range[0], end: range[1] }];
  });
}

/** In order; those that overlap or touch become one. */
export function merged(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last !== undefined && span.start <= last.end) last.end = Math.max(last.end, span.end);
    else result.push({ ...span });
  }
  return result;
}

/** Every place where `part` stands. */
export function occurrences(text: string, part: string): Span[] {
  const found: Span[] = [];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) {
    found.push({ start: at, end: at + part.length });
  }
  return found;
}

export const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type { Json };

export const isGroup = (value: unknown): value is Record<string, Json> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `projects[0].env.TOKEN`, as in messages about settings; a key with dots or colons stands in quotes. */
export function pathText(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, part, index) => {
    if (typeof part === "number") return `${text}[${part}]`;
    if (!/^[\w-]+$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return index === 0 ? part : `${text}.${part}`;
  }, "");
}
