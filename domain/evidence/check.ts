/** One statement about evidence, and whether it holds. */
import type { PartName } from "./schema.ts";

export interface Check {
  part: PartName | "file";
  /** Stable: scripts look for it. */
  id: string;
  /** What holds where the status is `ok`. */
  title: string;
  /** `note`: it holds, and somebody should know something about it. */
  status: "ok" | "note" | "fail";
  /** Each thing that does not hold. */
  found: string[];
  /** Each thing that should be known. */
  notes: string[];
}

export function check(
  part: Check["part"],
  id: string,
  title: string,
  failures: readonly string[],
  notes: readonly string[] = [],
): Check {
  const status = failures.length > 0 ? "fail" : notes.length > 0 ? "note" : "ok";
  return { part, id, title, status, found: [...failures], notes: [...notes] };
}

/** What a judge of one part may know beside it. */
export interface Moment {
  /** Milliseconds since 1970. */
  taken: number;
  /** Days, such as `2026-12-31`. */
  takenDay: string;
  today: string;
}

/** Such as `2026-11-25 10:00`. */
export const minutes = (time: string): string => time.replace("T", " ").slice(0, 16);
