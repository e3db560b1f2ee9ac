import { type Piece, parsePieces, renderPieces } from "../../../domain/export/placeholders.ts";
import { Random } from "../files/fuzz/random.ts";

const OPEN = "$" + "{";

test.each<[Piece[], string]>([
  [[{ parameter: "home" }, { text: "/src" }], `${OPEN}home}/src`],
  [[{ text: `a${OPEN}b}` }], `a$${OPEN}b}`],
  [[{ text: "$" }, { parameter: "user" }], `${OPEN}$}${OPEN}user}`],
  [[{ text: "$HOME and $5" }], "$HOME and $5"],
  [[{ text: "$" }, { text: "{x}" }], `$${OPEN}x}`],
  [[], ""],
])("%j is written as %j", (pieces, text) => {
  expect(renderPieces(pieces)).toBe(text);
});

test("what was written is read again, whatever the text", () => {
  const random = new Random(7);
  for (let round = 0; round < 3000; round++) {
    const pieces = Array.from({ length: random.below(5) }, (): Piece => {
      if (random.chance(0.4)) return { parameter: random.pick(["home", "path.a", "secret.B-2"]) };
      return {
        text: Array.from({ length: 1 + random.below(6) }, () => random.pick(["$", "{", "}", "a", "/"])).join(""),
      };
    });
    const value = (list: readonly Piece[]): string =>
      list.map((piece) => ("parameter" in piece ? `<${piece.parameter}>` : piece.text)).join("");
    const read = parsePieces(renderPieces(pieces));
    expect([round, value(read ?? [])]).toEqual([round, value(pieces)]);
  }
});

test.each([`${OPEN}home`, `a ${OPEN}`, `${OPEN}}`, `${OPEN}a b}`, `${OPEN}a${OPEN}b}`])("%j cannot be read", (text) => {
  expect(parsePieces(text)).toBeUndefined();
});
