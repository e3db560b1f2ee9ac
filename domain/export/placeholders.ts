/** `${name}` in the text of settings, and how text that looks like it is told from it. */

export const NAME = /^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$/;

export const placeholder = (name: string): string => `\${${name}}`;
/** A `$` that stands before a placeholder, where it would be read as an escape. */
const DOLLAR = placeholder("$");

export type Piece = { text: string } | { parameter: string };

/** Pieces in their order as one text. */
export function renderPieces(pieces: readonly Piece[]): string {
  const joined: Piece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (last !== undefined && "text" in last && "text" in piece)
      joined[joined.length - 1] = { text: last.text + piece.text };
    else joined.push(piece);
  }
  return joined
    .map((piece, index) => {
      if ("parameter" in piece) return placeholder(piece.parameter);
      const escaped = piece.text.replaceAll("${", () => "$${");
      return index === joined.length - 1 ? escaped : escaped.replace(/\$+$/, (run) => DOLLAR.repeat(run.length));
    })
    .join("");
}

const TOKEN = /\$\$\{|\$\{([^}]*)\}/g;

/** Undoes `renderPieces`. `undefined` for text with a placeholder that is not closed. */
export function parsePieces(text: string): Piece[] | undefined {
  const pieces: Piece[] = [];
  let at = 0;
  let literal = "";
  const flush = (): void => {
    if (literal !== "") pieces.push({ text: literal });
    literal = "";
  };
  for (const match of text.matchAll(TOKEN)) {
    const before = text.slice(at, match.index);
    if (before.includes("${")) return undefined;
    literal += before;
    at = match.index + match[0].length;
    if (match[1] === undefined) literal += "${";
    else if (match[1] === "$") literal += "$";
    else if (!NAME.test(match[1])) return undefined;
    else {
      flush();
      pieces.push({ parameter: match[1] });
    }
  }
  const rest = text.slice(at);
  if (rest.includes("${")) return undefined;
  literal += rest;
  flush();
  return pieces;
}
