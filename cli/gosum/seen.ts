/** What the last look at the go.sum files of a stack's projects came to: the next one compares only their stamps. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../setup/record.ts";
import { archiveFolder } from "./folder.ts";
import { type GoSumFile, stampOf } from "./sources.ts";

export interface Seen {
  version: 1;
  /** By path; `-` is a file that is not there. */
  stamps: Record<string, string>;
  /** What stays wrong and is said at each run: changed hashes, lines that are no sums. */
  warnings: string[];
  /** SHA-256 of all lines together, each once: equal digest, equal modules. Empty when there are none. */
  modules: string;
}

const fileOf = (stateDir: string, stack: string): string => join(archiveFolder(stateDir), "seen", `${stack}.json`);

function stampsOf(files: readonly GoSumFile[]): Record<string, string> {
  return Object.fromEntries(files.map(({ file }) => [file, stampOf(file)?.stamp ?? "-"]));
}

/** Undefined when something is not as it was. */
function readSeen(stateDir: string, stack: string, stamps: Record<string, string>): Seen | undefined {
  let seen: Seen;
  try {
    seen = JSON.parse(readFileSync(fileOf(stateDir, stack), "utf8")) as Seen;
  } catch {
    // Not there or not readable: it only saves work.
    return undefined;
  }
  const same = seen.version === 1 && JSON.stringify(seen.stamps) === JSON.stringify(stamps);
  return same && Array.isArray(seen.warnings) && typeof seen.modules === "string" ? seen : undefined;
}

export function writeSeen(stateDir: string, stack: string, seen: Seen): void {
  mkdirSync(join(archiveFolder(stateDir), "seen"), { recursive: true, mode: 0o700 });
  writeFileAtomic(fileOf(stateDir, stack), `${JSON.stringify(seen)}\n`, 0o600);
}

export interface Look {
  warnings: string[];
  /** Digest of all modules; empty when there are none. */
  modules: string;
  /** Said once, not again at the next run. */
  news: string[];
}

/** As cheap as one look at each file when none has changed: the rest is not even loaded. */
export async function look(stateDir: string, stack: string, files: readonly GoSumFile[]): Promise<Look> {
  // Before the files are read: what changes in between is looked at again by the next run.
  const stamps = stampsOf(files);
  const before = readSeen(stateDir, stack, stamps);
  if (before !== undefined) return { warnings: before.warnings, modules: before.modules, news: [] };
  const { lookAtGoSums } = await import("./look.ts");
  return await lookAtGoSums(stateDir, stack, files, stamps);
}
