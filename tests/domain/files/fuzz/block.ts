/** Random text files with blocks of lines in them. */
import { blockFormat, blockText } from "../../../../domain/files/block.ts";
import { untouched } from "../../../../domain/files/format.ts";
import { FileProblem } from "../../../../domain/files/problem.ts";
import { lineEdits } from "./edits.ts";
import { fail, mustBe, Random, type Trial } from "./random.ts";

const contents = ["export A=1\n", "a\n\n  b\n", "", "no newline", "x\r\ny\r\n", "same\nsame\n"];

function randomText(random: Random): { text: string; words: string[] } {
  const ends = random.pick([["\n"], ["\r\n"], ["\n", "\r\n"]]);
  const words: string[] = [];
  const lines: string[] = [];
  for (let line = random.below(10); line > 0; line -= 1) {
    const word = `w${line}q`;
    const plain = random.pick(["", " ", "same", "export A=1", "# >>> conda >>>", "# <<< go-workstation other"]);
    const marked = random.chance(0.5);
    if (marked) words.push(word);
    lines.push(marked ? `  line ${word}` : plain);
  }
  if (random.chance(0.3)) {
    const block = ["# >>> go-workstation settings >>>", "older", "# <<< go-workstation settings <<<"];
    if (random.chance(0.1)) block.splice(random.pick([0, 2]), 1);
    lines.splice(random.below(lines.length + 1), 0, ...block);
  }
  const text = lines.map((line) => line + random.pick(ends)).join("");
  return { text: random.chance(0.4) ? text.replace(/\r?\n$/, "") : text, words };
}

export const blockTrial: Trial = (seed) => {
  const random = new Random(seed);
  const format = blockFormat(random.pick(["#", "//"]));
  const { text, words } = randomText(random);
  const content = random.pick(contents);
  const wanted = [{ path: ["settings"], value: content }];
  const story: Record<string, unknown> = { text, content };
  const merged = (() => {
    try {
      return format.merge(text, wanted, untouched);
    } catch (error) {
      if (
        error instanceof FileProblem &&
        (text.match(/> go-workstation settings|< go-workstation settings/g) ?? []).length === 1
      )
        return undefined;
      throw error;
    }
  })();
  if (merged === undefined) return "refused";
  story.merged = merged.text;
  mustBe("not read back", String(format.read(merged.text, wanted)[0]?.value), blockText(content), seed, story);
  const again = format.merge(merged.text, wanted, merged.touch);
  mustBe("a second merge changes the file", again.text, merged.text, seed, story);
  const paths = [["settings"]];
  const undone = format.undo(merged.text, merged.touch, paths);
  mustBe("undo is not the original", undone.text, text, seed, story);
  const second = format.merge(merged.text, [{ path: ["settings"], value: random.pick(contents) }], merged.touch);
  mustBe(
    "undo after an update is not the original",
    format.undo(second.text, second.touch, paths).text,
    text,
    seed,
    story,
  );
  const edit = lineEdits(random, words, text, merged.text);
  const edited = format.undo(edit(merged.text), merged.touch, paths);
  mustBe("undo after foreign edits is not the edited original", edited.text, edit(text), seed, story);

  const mark = merged.text.indexOf(">>> go-workstation settings >>>");
  const behind = merged.text.indexOf("\n", mark) + 1;
  const inBlock = `${merged.text.slice(0, behind)}a person's line\n${merged.text.slice(behind)}`;
  const kept = format.undo(inBlock, merged.touch, paths);
  if (!kept.text.includes("a person's line") || kept.text.includes("go-workstation settings") || kept.left.length !== 1)
    fail("a person's line in the block is not kept", seed, { ...story, inBlock, kept });
  return "held";
};
