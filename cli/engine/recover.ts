/** Puts right what a run that was killed left behind, before the engine looks at its state. */
import { existsSync, readlinkSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { CliError } from "../errors.ts";
import { namesIn } from "../folders.ts";
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

interface RunFile {
  path: string;
  stack: string;
  /** The events' file of the same run: its engine writes there as long as it lives. */
  events: string;
}

/** Files of runs that are over; a run that ended in order took its own away. */
function filesOfDeadRuns(folder: string): RunFile[] {
  return namesIn(folder).flatMap((name) => {
    const [, stack = "", pid = ""] = /^(.+)\.(\d+)\.(?:events|errors)$/.exec(name) ?? [];
    if (pid === "" || existsSync(`/proc/${pid}`)) return [];
    return [{ path: join(folder, name), stack, events: join(folder, `${stack}.${pid}.events`) }];
  });
}

/** Engines of runs that were killed. One whose run lives, such as that of a `drift` beside us, is no orphan. */
export function orphanEngines(stateDir: string, stack: string): number[] {
  const files = filesOfDeadRuns(join(stateDir, "runs")).filter((file) => file.stack === stack);
  if (files.length === 0) return [];
  const events = new Set(files.map((file) => file.events));
  return [...standardOutputs()].flatMap(([pid, output]) => (events.has(output) ? [pid] : []));
}

/** Takes away what killed runs left, but what an orphan still writes to: by that it is found. */
export function sweepRuns(folder: string): void {
  const files = filesOfDeadRuns(folder);
  if (files.length === 0) return;
  const written = new Set(standardOutputs().values());
  for (const { path, events } of files) if (!written.has(events)) rmSync(path, { force: true });
}

/** By process; those of others and those that have just ended are left out. */
function standardOutputs(): Map<number, string> {
  const outputs = new Map<number, string>();
  for (const pid of namesIn("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      outputs.set(Number(pid), readlinkSync(`/proc/${pid}/fd/1`));
    } catch {
      // Not ours to read, or gone.
    }
  }
  return outputs;
}
