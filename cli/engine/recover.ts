/** Puts right what a run that was killed left behind, before the engine looks at its state. */
import { readdirSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { CliError } from "../errors.ts";
import { interrupted } from "../interrupt.ts";
import type { Backend } from "../setup/state.ts";
import type { Terminal } from "../terminal.ts";
import { engineLocks, isEngine, removeLock } from "./checkpoint.ts";

/**
 * Waits for an engine that still runs without its caller, and removes the locks of those that do not run any more. An
 * engine that has not got as far as its lock is waited for too: it would take the stack under our hands.
 */
export async function clearLocks(terminal: Terminal, backend: Backend, stack: string, stateDir: string): Promise<void> {
  let told = false;
  for (;;) {
    const locks = engineLocks(backend, stack);
    const foreign = locks.find((lock) => lock.hostname !== hostname());
    if (foreign !== undefined) {
      throw new CliError(
        `The stack "${stack}" is locked by ${foreign.username}@${foreign.hostname} (process ${foreign.pid}). If that run is over, remove ${foreign.file}.`,
      );
    }
    const orphans = orphanEngines(stateDir, stack);
    const alive = locks.filter((lock) => isEngine(lock.pid));
    for (const lock of locks) {
      if (alive.includes(lock)) continue;
      removeLock(lock);
      terminal.line(`Removed the lock of an engine that was killed (process ${lock.pid}).`);
    }
    const waitFor = alive[0]?.pid ?? orphans[0];
    if (waitFor === undefined) return;
    if (!told) terminal.line(`Waiting for the engine of an earlier run to end (process ${waitFor}) ...`);
    told = true;
    interrupted.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * Engines of runs that were killed: each writes into a file that its run named after itself. A run that ended in order
 * took its file away, so that there is nothing to look for after most of them.
 */
export function orphanEngines(stateDir: string, stack: string): number[] {
  const folder = join(stateDir, "runs");
  const files = new Set(
    namesIn(folder).flatMap((name) => {
      const [, owner, pid] = /^(.+)\.(\d+)\.events$/.exec(name) ?? [];
      return owner === stack && Number(pid) !== process.pid ? [join(folder, name)] : [];
    }),
  );
  if (files.size === 0) return [];
  return namesIn("/proc")
    .filter((name) => /^\d+$/.test(name) && files.has(standardOutput(name)))
    .map(Number);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Empty for processes of others and those that have just ended. */
function standardOutput(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/1`);
  } catch {
    return "";
  }
}
