/** What set-up put on this machine, so that `uninstall` takes exactly that away. Kept in the state folder. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CliError, codeOf } from "../errors.ts";

export interface SetupRecord {
  /** Distribution packages that were not there before us. */
  packages: string[];
  /** A daemon that we started because there is no init system to do it. */
  daemon?: { pid: number; log: string };
}

const fileOf = (stateDir: string): string => join(stateDir, "setup.json");

export function readRecord(stateDir: string): SetupRecord {
  const file = fileOf(stateDir);
  try {
    return { packages: [], ...(JSON.parse(readFileSync(file, "utf8")) as Partial<SetupRecord>) };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return { packages: [] };
    throw new CliError(
      `${file} cannot be read (${String(error)}). Correct it, or remove it to forget what set-up did.`,
    );
  }
}

export function writeRecord(stateDir: string, record: SetupRecord): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  writeFileAtomic(fileOf(stateDir), `${JSON.stringify(record, undefined, 2)}\n`, 0o600);
}

/** Whole or not at all: a kill in the middle leaves the old content. */
export function writeFileAtomic(file: string, content: string | Uint8Array, mode: number): void {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, content, { mode });
  renameSync(temporary, file);
}
