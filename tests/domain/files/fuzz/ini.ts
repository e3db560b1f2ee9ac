/** Random INI files, as messy as people have them. */
import { type Leaf, samePath, untouched } from "../../../../domain/files/format.ts";
import { iniFormat, saysIni } from "../../../../domain/files/ini.ts";
import { type Dialect, iniProblem } from "../../../../domain/files/ini-lines.ts";
import { FileProblem } from "../../../../domain/files/problem.ts";
import { lineEdits } from "./edits.ts";
import { fail, mustBe, Random, type Trial } from "./random.ts";

const sections = ["wsl2", "boot", "experimental", "user data", ""];
const keys = ["memory", "swap", "systemd", "kernel command", "päth"];
const values = ["8GB", "true", "false", "0", "a b", '"quoted # text"', "C:\\\\dir\\\\x", "a;b", "ünïcode", "x=y", "-1"];
const spelled = [
  ...values,
  "",
  "True",
  '"8GB"',
  "old\\",
  "a \\",
  "a # b",
  "a ; b",
  "#c",
  "a#b",
  'open "quote',
  " pad ",
];

const upDown = (random: Random, text: string): string =>
  random.pick([text, text, text.toUpperCase(), text[0] === undefined ? "" : text[0].toUpperCase() + text.slice(1)]);

export interface RandomIni {
  text: string;
  /** Each in one line that is not ours. */
  words: string[];
}

export function randomIni(random: Random): RandomIni {
  const ends = random.pick([["\n"], ["\r\n"], ["\n", "\r\n"]]);
  const words: string[] = [];
  let text = random.chance(0.1) ? "\uFEFF".slice(1) : "";
  let continued = false;
  const count = random.below(random.chance(0.1) ? 40 : 12);
  for (let line = 0; line < count; line += 1) {
    const word = `w${line}q`;
    const [body, marked] = randomLine(random, word);
    const end = line === count - 1 && random.chance(0.4) ? "" : random.pick(ends);
    if (marked && !continued) words.push(word);
    continued = /\\$/.test(body);
    text += body + end;
  }
  return { text, words };
}

function randomLine(random: Random, word: string): [string, boolean] {
  const indent = random.pick(["", "", "", " ", "\t", "   "]);
  const tail = random.pick(["", "", "", " ", " # note", "\t; note", "  "]);
  const equals = random.pick(["=", " = ", "= ", " =", "\t=\t"]);
  switch (random.below(9)) {
    case 0:
      return [random.pick(["", "  ", "\t"]), false];
    case 1:
      return [
        `${indent}${random.pick(["#", ";", "# ", ";;"])} ${word}${random.pick(["", " [wsl2]", " memory=1"])}`,
        true,
      ];
    case 2:
    case 3:
      return [`${indent}[${random.pick(["", " "])}${upDown(random, random.pick(sections.slice(0, 4)))}]${tail}`, false];
    case 4:
      return [
        random.pick(["[broken", "[]", "[ ]", `junk without sign \\`, "=", "= value", "\uFEFFx", "[wsl2] = 3"]),
        false,
      ];
    case 5:
      return [`${indent}junk ${word}`, true];
    case 6:
      return [`${indent}other ${word}${equals}${random.pick(values)}${tail}`, true];
    default:
      return [`${indent}${upDown(random, random.pick(keys))}${equals}${random.pick(spelled)}${tail}`, false];
  }
}

function randomWish(random: Random, dialect: Dialect): Leaf[] {
  const paths = sections.flatMap((section) => keys.map((key) => [section, key]));
  return random.some(paths, 4).flatMap((path): Leaf[] => {
    const value = random.pick([...values, 4, true, false]);
    return iniProblem(path[0] ?? "", path[1] ?? "", String(value), dialect) === undefined ? [{ path, value }] : [];
  });
}

/** Lines that are surely not ours, by a reading of its own: no blank ones, no keys of these names, nothing that is continued. */
function foreignLines(text: string): string[] {
  const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
  return lines.filter((line, index) => {
    const mine = keys.some((key) => line.toLowerCase().replaceAll("\t", " ").trim().startsWith(key));
    return line.trim() !== "" && !mine && !(lines[index - 1] ?? "").endsWith("\\");
  });
}

export const iniTrial: Trial = (seed) => {
  const random = new Random(seed);
  const dialect = random.pick(["wsl", "common"] as const);
  const format = iniFormat(dialect);
  const { text, words } = randomIni(random);
  const wanted = randomWish(random, dialect);
  const paths = wanted.map(({ path }) => path);
  const story: Record<string, unknown> = { dialect, text, wanted };
  const merged = (() => {
    try {
      return format.merge(text, wanted, untouched);
    } catch (error) {
      if (error instanceof FileProblem && /\\\r?\n?$/.test(text)) return undefined;
      throw error;
    }
  })();
  if (merged === undefined) return "refused";
  story.merged = merged.text;

  for (const { path, value } of wanted) {
    const found = format.read(merged.text, wanted).find((leaf) => samePath(leaf.path, path));
    if (!saysIni(found?.value, value)) fail(`${path.join(".")} is not read back`, seed, { ...story, found });
  }
  const again = format.merge(merged.text, wanted, merged.touch);
  mustBe("a second merge changes the file", again.text, merged.text, seed, story);
  mustBe("a second merge changes the record", JSON.stringify(again.touch), JSON.stringify(merged.touch), seed, story);

  const after = foreignLines(merged.text);
  let at = -1;
  for (const line of foreignLines(text)) {
    at = after.indexOf(line, at + 1);
    if (at === -1) fail("a foreign line is gone or moved", seed, { ...story, line });
  }

  const undone = format.undo(merged.text, merged.touch, paths);
  mustBe("undo is not the original", undone.text, text, seed, story);
  if (undone.left.length > 0 || undone.touch.keys.length > 0) fail("undo left something", seed, { ...story, undone });

  updates(random, seed, format, story, text, merged, wanted);

  const edit = lineEdits(random, words, text, merged.text);
  const edited = format.undo(edit(merged.text), merged.touch, paths);
  mustBe("undo after foreign edits is not the edited original", edited.text, edit(text), seed, {
    ...story,
    edited: edit(merged.text),
  });
  return "held";
};

/** Another wish in between, then a smaller one: what stood there first still comes back. */
function updates(
  random: Random,
  seed: number,
  format: ReturnType<typeof iniFormat>,
  story: Record<string, unknown>,
  text: string,
  merged: ReturnType<ReturnType<typeof iniFormat>["merge"]>,
  wanted: Leaf[],
): void {
  const changed = wanted.map((leaf) => ({ ...leaf, value: random.pick(["16GB", "other"]) }));
  const second = format.merge(merged.text, changed, merged.touch);
  const half = changed.slice(0, Math.floor(changed.length / 2)).map(({ path }) => path);
  const fewer = format.undo(second.text, second.touch, half);
  const rest = format.undo(
    fewer.text,
    fewer.touch,
    changed.map(({ path }) => path),
  );
  mustBe("undo in two steps after an update is not the original", rest.text, text, seed, {
    ...story,
    second: second.text,
    fewer: fewer.text,
  });
}
