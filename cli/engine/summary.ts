/** What a run did, in numbers and in words. */
import { plainName, type RunStory } from "./events.ts";

export interface Counts {
  created: number;
  updated: number;
  replaced: number;
  deleted: number;
  unchanged: number;
}

export function countsOf(changes: Record<string, number>): Counts {
  const of = (...ops: string[]): number => ops.reduce((sum, op) => sum + (changes[op] ?? 0), 0);
  return {
    created: of("create", "import"),
    updated: of("update"),
    replaced: of("replace"),
    deleted: of("delete"),
    unchanged: of("same"),
  };
}

export function hasChanges(counts: Counts): boolean {
  return counts.created + counts.updated + counts.replaced + counts.deleted > 0;
}

/** `2 created, 6 unchanged`: what did not happen is left out. */
export function countsLine(counts: Counts): string {
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`);
  return parts.length === 0 ? "0 unchanged" : parts.join(", ");
}

const signs: Record<string, string> = { create: "+", update: "~", replace: "+-", delete: "-" };

/** One line a change, for the question before an `up`. */
export function changeLines(story: RunStory): string[] {
  return [...story.changes.values()]
    .filter((change) => change.op in signs)
    .map((change) => {
      const fields = change.fields.length === 0 ? "" : ` (${change.fields.join(", ")})`;
      return `  ${(signs[change.op] ?? "").padEnd(2)} ${plainName(change.urn)}${fields}`;
    });
}
