/** Warms the module proxy with what the projects' go.sum files name: once for each set of modules. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LoadedSettings } from "../../config/load.ts";
import { writeFileAtomic } from "../setup/record.ts";
import type { Terminal } from "../terminal.ts";
import { follow, reasonOf, type Warm, type WarmResult } from "./warm.ts";

export interface PrefetchQuestion {
  stateDir: string;
  stack: string;
  goProxy: Pick<LoadedSettings["goProxy"], "mode" | "prefetch" | "offline">;
  /** Digest of all modules; empty when there are none. */
  modules: string;
  /** The lines of all go.sum files, each once; asked for only when they are needed. */
  goSum: () => Promise<string>;
  warm: Warm;
}

interface Prefetched {
  version: 1;
  modules: string;
  finished: string;
}

const MOST_TOLD = 5;
const TITLE = "Modules";

/** Failures are warnings: the modules come when a build asks for them, or the next `up` tries again. */
export async function prefetch(terminal: Terminal, question: PrefetchQuestion): Promise<WarmResult | undefined> {
  const { stateDir, stack, goProxy, modules } = question;
  // Without a network there is nowhere to fetch from, and no reason to say so at each run.
  if (goProxy.mode === "off" || !goProxy.prefetch || goProxy.offline || modules === "") return undefined;
  if (readPrefetched(stateDir, stack)?.modules === modules) return undefined;
  const result = await terminal.step(
    TITLE,
    async (news): Promise<WarmResult> => {
      try {
        return await follow(question.warm, await question.goSum(), news);
      } catch (error) {
        return { done: 0, total: 0, failures: [{ what: "", why: reasonOf(error) }] };
      }
    },
    ({ done, total, failures }) =>
      failures.length === 0 ? `${done} of ${total} in the module proxy` : `${failures.length} could not be fetched`,
  );
  if (result.failures.length === 0) writePrefetched(stateDir, stack, modules);
  else for (const line of failureLines(result.failures)) terminal.line(terminal.paint("yellow", `! ${line}`));
  return result;
}

export function failureLines(failures: WarmResult["failures"]): string[] {
  const told = failures
    .slice(0, MOST_TOLD)
    .map(({ what, why }) =>
      what === "" ? `The module proxy could not be warmed: ${why}` : `${what} is not in the module proxy: ${why}`,
    );
  const more = failures.length - told.length;
  return [...told, ...(more > 0 ? [`and ${more} more`] : []), "The next `up` tries again; builds fetch on their own."];
}

const fileOf = (stateDir: string, stack: string): string => join(stateDir, "runs", `${stack}.prefetch.json`);

function readPrefetched(stateDir: string, stack: string): Prefetched | undefined {
  try {
    const record = JSON.parse(readFileSync(fileOf(stateDir, stack), "utf8")) as Prefetched;
    return record.version === 1 ? record : undefined;
  } catch {
    // Not there or not readable: it only costs asking the proxy once more.
    return undefined;
  }
}

function writePrefetched(stateDir: string, stack: string, modules: string): void {
  mkdirSync(join(stateDir, "runs"), { recursive: true, mode: 0o700 });
  const record: Prefetched = { version: 1, modules, finished: new Date().toISOString() };
  writeFileAtomic(fileOf(stateDir, stack), `${JSON.stringify(record)}\n`, 0o600);
}
