/** Random JSON files and keys against all properties. */
import { createScanner, parse } from "jsonc-parser";
import {
  canonical,
  type Leaf,
  leavesOf,
  type Path,
  untouched,
  type Value,
  type Values,
} from "../../../../domain/files/format.ts";
import { jsonFormat } from "../../../../domain/files/json.ts";
import { FileProblem } from "../../../../domain/files/problem.ts";
import { randomJson, scalars } from "./json-document.ts";
import { fail, mustBe, Random, type Trial } from "./random.ts";

const value = (random: Random): Value =>
  random.pick<Value>([
    ...scalars,
    ["a", "b"],
    [],
    [1, { deep: [true] }],
    Array.from({ length: 30 }, (_, n) => `item ${n}`),
  ]);

function randomWish(random: Random): Leaf[] {
  const paths = [
    ["debug"],
    ["features", "buildkit"],
    ["log-opts", "max-size"],
    ["log-opts", "a.b", "dns"],
    ["dns"],
    ["new", "er", "deep"],
    [""],
    ["__proto__", "debug"],
    ["größe"],
  ];
  const wish = random
    .some(paths, 4)
    .filter(
      (path, index, all) =>
        !all.some(
          (other, at) => at !== index && path.length < other.length && path.every((part, n) => part === other[n]),
        ),
    );
  return wish.map((path) => ({ path, value: value(random) }));
}

const loose = { allowTrailingComma: true, disallowComments: false, allowEmptyContent: true };
const parsed = (text: string): Values => (parse(text, [], loose) as Values | undefined) ?? {};

/** What is not ours, by another reading: the parsed value without our keys, and objects that are empty without them. */
function foreignValue(text: string, paths: readonly Path[]): string {
  const leaves = leavesOf(parsed(text)).filter(
    ({ path }) => !paths.some((ours) => ours.every((part, n) => part === path[n])),
  );
  return canonical(leaves.map((leaf) => [[...leaf.path], leaf.value]));
}

function commentsOf(text: string): string[] {
  const scanner = createScanner(text, false);
  const comments: string[] = [];
  for (let kind: number = scanner.scan(); kind !== 17; kind = scanner.scan()) {
    if (kind === 12 || kind === 13) comments.push(text.slice(scanner.getTokenOffset(), scanner.getPosition()));
  }
  return comments;
}

export const jsonTrial: Trial = (seed) => {
  const random = new Random(seed);
  const mode = random.pick(["json", "jsonc"] as const);
  const format = jsonFormat(mode);
  const { text, words } = randomJson(random, mode === "json");
  const wanted = randomWish(random);
  const paths = wanted.map(({ path }) => path);
  const story: Record<string, unknown> = { mode, text, wanted };
  const merged = (() => {
    try {
      return format.merge(text, wanted, untouched);
    } catch (error) {
      // A parent of a key of ours that is no object.
      if (error instanceof FileProblem && error.message.includes("not an object, so")) return undefined;
      throw error;
    }
  })();
  if (merged === undefined) return "refused";
  story.merged = merged.text;

  const found = format.read(merged.text, wanted);
  mustBe(
    "not read back",
    canonical(found.map((leaf) => leaf.value)),
    canonical(wanted.map((leaf) => leaf.value)),
    seed,
    story,
  );
  if (mode === "json") JSON.parse(merged.text);
  const again = format.merge(merged.text, wanted, merged.touch);
  mustBe("a second merge changes the file", again.text, merged.text, seed, story);
  mustBe("a second merge changes the record", JSON.stringify(again.touch), JSON.stringify(merged.touch), seed, story);
  mustBe("foreign values differ", foreignValue(merged.text, paths), foreignValue(text, paths), seed, story);
  const replaced = merged.touch.keys.flatMap((key) => key.was.flatMap(commentsOf));
  const kept = commentsOf(text).filter((comment) => !replaced.includes(comment));
  mustBe("comments differ", commentsOf(merged.text).join("|"), kept.join("|"), seed, story);

  const undone = format.undo(merged.text, merged.touch, paths);
  mustBe("undo is not the original", undone.text, text, seed, story);
  if (undone.left.length > 0 || undone.touch.keys.length > 0) fail("undo left something", seed, { ...story, undone });

  const changed = wanted.map((leaf) => ({ ...leaf, value: value(random) }));
  const second = format.merge(merged.text, changed, merged.touch);
  const half = paths.slice(0, Math.floor(paths.length / 2));
  const fewer = format.undo(second.text, second.touch, half);
  const rest = format.undo(fewer.text, fewer.touch, paths);
  mustBe("undo in two steps after an update is not the original", rest.text, text, seed, {
    ...story,
    second: second.text,
    fewer: fewer.text,
  });

  const reworded = words.filter((word) => random.chance(0.4) && merged.text.includes(word));
  const reword = (from: string) => reworded.reduce((now, word) => now.replace(word, `${word}x edited`), from);
  mustBe(
    "undo after foreign edits is not the edited original",
    format.undo(reword(merged.text), merged.touch, paths).text,
    reword(text),
    seed,
    story,
  );
  additions(random, seed, story, merged.text, (now) => format.undo(now, merged.touch, paths).text, text);
  return "held";
};

/** A person's own keys before and behind everything in the file. */
function additions(
  random: Random,
  seed: number,
  story: Record<string, unknown>,
  merged: string,
  undo: (text: string) => string,
  text: string,
): void {
  if (Object.keys(parsed(merged)).length === 0) return;
  let now = merged;
  const open = openOf(now);
  const gap = random.pick(["", " ", "\n  "]);
  if (random.chance(0.5)) now = `${now.slice(0, open)}${gap}"person first": 1, // theirs\n${now.slice(open)}`;
  if (random.chance(0.5)) {
    const { at, comma } = closeOf(now);
    now = `${now.slice(0, at)}${comma ? "" : ","}${gap}"person last": [2]${now.slice(at)}`;
  }
  const after = undo(now);
  const leaves = (from: string) =>
    canonical(
      [...leavesOf(parsed(from))]
        .map((leaf) => [[...leaf.path], leaf.value])
        .filter(([path]) => !String(path).startsWith("person")) as Value,
    );
  mustBe("the rest is not the original after a person's keys", leaves(after), leaves(text), seed, {
    ...story,
    now,
    after,
  });
  for (const name of ["person first", "person last"]) {
    if (name in parsed(now) && !(name in parsed(after))) fail(`${name} is gone`, seed, { ...story, now, after });
  }
  const errors: { error: number; offset: number; length: number }[] = [];
  parse(after, errors, loose);
  if (errors.length > 0) fail("undo after additions leaves a broken file", seed, { ...story, now, after });
}

function openOf(text: string): number {
  const scanner = createScanner(text, true);
  scanner.scan();
  return scanner.getTokenOffset() + 1;
}

/** Behind the last value of the root object. */
function closeOf(text: string): { at: number; comma: boolean } {
  const scanner = createScanner(text, true);
  const tokens: { kind: number; end: number }[] = [];
  for (let kind: number = scanner.scan(); kind !== 17; kind = scanner.scan()) {
    tokens.push({ kind, end: scanner.getTokenOffset() + scanner.getTokenLength() });
  }
  const last = tokens.at(-2);
  return { at: last?.end ?? 0, comma: last?.kind === 5 };
}
