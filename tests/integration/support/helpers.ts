/** What several integration tests need. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Asked again and again, for a minute: what is waited for tells nobody when it is there. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what}: not within a minute`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Of the files below a folder that others than their owner may open. */
export const textsForOthers = (folder: string): string[] =>
  filesBelow(folder)
    .filter((file) => (statSync(file).mode & 0o077) !== 0)
    .map((file) => readFileSync(file, "utf8"));
