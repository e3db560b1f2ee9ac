/** Puts right what a run that was killed left behind, before the engine looks at its state. */
import { hostname } from "node:os";
import { CliError } from "../errors.ts";
import { interrupted } from "../interrupt.ts";
import type { Backend } from "../setup/state.ts";
import type { Terminal } from "../terminal.ts";
import { engineLocks, isEngine, removeLock } from "./checkpoint.ts";

/** Waits for an engine that still runs without its caller, and removes the locks of those that do not run any more. */
export async function clearLocks(terminal: Terminal, backend: Backend, stack: string): Promise<void> {
  let told = false;
  for (;;) {
    const locks = engineLocks(backend, stack);
    const foreign = locks.find((lock) => lock.hostname !== hostname());
    if (foreign !== undefined) {
      throw new CliError(
        `The stack "${stack}" is locked by ${foreign.username}@${foreign.hostname} (process ${foreign.pid}). If that run is over, remove ${foreign.file}.`,
      );
    }
    const alive = locks.filter((lock) => isEngine(lock.pid));
    for (const lock of locks) {
      if (alive.includes(lock)) continue;
      removeLock(lock);
      terminal.line(`Removed the lock of an engine that was killed (process ${lock.pid}).`);
    }
    if (alive.length === 0) return;
    if (!told) terminal.line(`Waiting for the engine of an earlier run to end (process ${alive[0]?.pid}) ...`);
    told = true;
    interrupted.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
