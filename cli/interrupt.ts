/**
 * Ctrl-C. Children that matter run in a process group of their own, so that a terminal's Ctrl-C reaches them once,
 * through us: the engine takes a first SIGINT as "finish what runs, then stop" and a second one as "drop everything".
 */
import { exitCodes } from "./errors.ts";

const controller = new AbortController();
const groups = new Set<number>();

/** Aborted by the first Ctrl-C or TERM. */
export const interrupted: AbortSignal = controller.signal;

export function trackGroup(pid: number): () => void {
  groups.add(pid);
  if (interrupted.aborted) signalGroups("SIGINT");
  return () => groups.delete(pid);
}

function signalGroups(signal: NodeJS.Signals): void {
  for (const pid of groups) {
    try {
      process.kill(-pid, signal);
    } catch {
      // It ended on its own in the meantime.
    }
  }
}

export function listenForInterrupts(): void {
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      signalGroups("SIGKILL");
      process.exit(exitCodes.interrupted);
    }
    controller.abort();
    process.stderr.write("\nStopping: what is running now is finished first. Ctrl-C again stops at once.\n");
    if (groups.size === 0) {
      // Nothing runs that has to be put in order: locks are sockets and files are renamed into place, so leave.
      process.exit(exitCodes.interrupted);
    }
    signalGroups("SIGINT");
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  process.on("SIGHUP", onSignal);
}
