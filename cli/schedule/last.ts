/** The result of the last `drift`, whoever ran it: a person, a timer, a script. */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DriftSummary } from "../../domain/drift/summary.ts";
import { codeOf } from "../errors.ts";
import { writeFileAtomic } from "../setup/record.ts";

export interface LastDrift {
  /** ISO 8601. */
  time: string;
  /** As `drift` ended: 0 none, 2 drift, 1 it could not be told. */
  code: number;
  summary?: DriftSummary;
  /** Why it could not be told. */
  error?: string;
}

const fileOf = (stateDir: string, stack: string): string => join(stateDir, "drift", `${stack}.json`);

export function writeLast(stateDir: string, stack: string, last: LastDrift): void {
  mkdirSync(join(stateDir, "drift"), { recursive: true, mode: 0o700 });
  writeFileAtomic(fileOf(stateDir, stack), `${JSON.stringify(last)}\n`, 0o600);
}

export function readLast(stateDir: string, stack: string): LastDrift | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(stateDir, stack), "utf8")) as LastDrift;
  } catch (error) {
    // Only ever written whole: a damaged one is no result, and the next `drift` writes another.
    if (codeOf(error) === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function removeLast(stateDir: string, stack: string): void {
  rmSync(fileOf(stateDir, stack), { force: true });
}

/** `3 minutes`, `2 hours`, `5 days`. */
export function ageText(millis: number): string {
  const minutes = Math.max(0, Math.round(millis / 60_000));
  const [count, unit] =
    minutes < 120
      ? [minutes, "minute"]
      : minutes < 48 * 60
        ? [Math.round(minutes / 60), "hour"]
        : [Math.round(minutes / 1440), "day"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
