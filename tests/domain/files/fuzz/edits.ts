/** What a person does to a file between two runs of ours. Lines are found by a word that is only in them. */
import type { Random } from "./random.ts";

export type LineEdit = (text: string) => string;

/** Edits of lines that hold one of `words`; a line that is last has no place behind it and is only reworded. */
export function lineEdits(random: Random, words: readonly string[], ...texts: string[]): LineEdit {
  const edits: LineEdit[] = [];
  for (const word of words) {
    if (!random.chance(0.4)) continue;
    const isLast = texts.some((text) => !text.slice(text.indexOf(word)).includes("\n"));
    const kind = isLast ? 0 : random.below(3);
    if (kind === 0) edits.push((text) => text.replace(word, `${word}x edited`));
    if (kind === 1) edits.push((text) => text.replace(new RegExp(`[^\\n]*${word}\\b[^\\n]*\\n`), ""));
    if (kind === 2)
      edits.push((text) => text.replace(new RegExp(`[^\\n]*${word}\\b[^\\n]*\\n`), `$&theirs${word} = 1\n`));
  }
  return (text) => edits.reduce((now, edit) => edit(now), text);
}
