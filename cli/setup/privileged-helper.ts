/** The privileged helper of one run: sudo starts it in the foreground, and it ends with its standard input. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../context.ts";
import { privilegedEnvironment } from "../engine/environment.ts";
import { CliError, codeOf } from "../errors.ts";
import { splitLines } from "../process.ts";
import { isRoot, nobodyTypes, noSudo } from "./privilege.ts";
import { ensurePrivilegedHelper } from "./privileged-build.ts";

export interface PrivilegedHelper {
  /** What the engine's environment gets, so that the provider finds the helper. */
  environment: Record<string, string>;
  /** Ends it and waits for that. */
  end(): Promise<void>;
}

/** A socket's address holds at most 107 bytes, and its name is a random one of ours. */
const longestFolder = 80;
const largestLog = 1 << 20;

export const auditLog = (stateDir: string): string => join(stateDir, "privileged.log");

/** `work` gets the helper's environment; nothing is started and asked when `paths` is empty. */
export async function withPrivilegedHelper<T>(
  context: Context,
  paths: readonly string[],
  work: (environment: Record<string, string>) => Promise<T>,
): Promise<T> {
  const helper = await startPrivilegedHelper(context, paths);
  try {
    return await work(helper?.environment ?? {});
  } finally {
    await helper?.end();
  }
}

/** Asks for sudo's password where one is needed. `paths` are all that the helper then writes. */
export async function startPrivilegedHelper(
  context: Context,
  paths: readonly string[],
  build: () => Promise<string> = () => ensurePrivilegedHelper({ cacheDir: context.cacheDir, env: context.env }),
): Promise<PrivilegedHelper | undefined> {
  if (paths.length === 0 || isRoot()) return undefined;
  const program = await build();
  const log = openLog(context.stateDir);
  const folder = socketFolder(context.env);
  const socket = join(folder, "s");
  tellWhy(context, paths);
  // Not with a session of its own: sudo remembers a password by terminal, and asks on it.
  const asking = process.stdin.isTTY === true ? [] : ["-n"];
  const user = ["--uid", String(process.getuid?.()), "--gid", String(process.getgid?.())];
  const child = spawn("sudo", [...asking, "--", program, "serve", ...user, "--socket", socket], {
    stdio: ["pipe", "pipe", "pipe"],
    env: context.env,
    cwd: "/",
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  // What it cannot read any more because it has ended is told by its end.
  child.stdin.on("error", () => {});
  child.stdin.write(`${JSON.stringify({ paths })}\n`);
  const said = listen(context, child, log);
  try {
    await ready(child, said, `Writing ${paths.join(", ")}`);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    environment: privilegedEnvironment(socket),
    end: async () => {
      child.stdin.end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function tellWhy({ terminal }: Context, paths: readonly string[]): void {
  terminal.line("Only root can write:");
  for (const path of paths) terminal.line(`  ${path}`);
  terminal.line("sudo starts a helper that writes these and nothing else, and ends with this run.");
}

/** 0700 by nature of mkdtemp, and gone with the run. */
function socketFolder(env: NodeJS.ProcessEnv): string {
  const runtime = env.XDG_RUNTIME_DIR ?? "";
  const usable = runtime.startsWith("/") && runtime.length <= longestFolder && ownedByUs(runtime);
  const fallback = tmpdir().length <= longestFolder ? tmpdir() : "/tmp";
  return mkdtempSync(join(usable ? runtime : fallback, "gows-"));
}

function ownedByUs(folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.();
}

/** Before anybody is asked for a password: a log that cannot be written stops the run here. */
function openLog(stateDir: string): string {
  const log = auditLog(stateDir);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) > largestLog) renameSync(log, `${log}.1`);
  appendFileSync(log, "", { mode: 0o600 });
  return log;
}

/** Audit lines go to the log, everything else that sudo or the helper says to the person. */
function listen({ terminal }: Context, child: ChildProcess, log: string): string[] {
  const said: string[] = [];
  const hear = splitLines((line) => {
    if (line.startsWith("audit ")) appendFileSync(log, `${line.slice("audit ".length)}\n`);
    else if (line !== "") {
      said.push(line);
      terminal.line(line);
    }
  });
  child.stderr?.setEncoding("utf8").on("data", hear);
  return said;
}

/** Its first line on stdout says that it listens. */
async function ready(child: ChildProcess, said: readonly string[], purpose: string): Promise<void> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const line = new Promise<string>((resolve) => {
    child.stdout?.setEncoding("utf8").on("data", splitLines(resolve));
  });
  const close = once(child, "close", { signal }).then(
    () => {
      if (process.stdin.isTTY === true) return `${purpose} needs root's rights, and sudo did not give them.`;
      return said.some((one) => one.startsWith("workstation-privileged:"))
        ? `${purpose}: the privileged helper did not start.`
        : nobodyTypes(purpose);
    },
    (error: unknown) => {
      if (codeOf(error) === "ABORT_ERR") return "";
      return codeOf(error) === "ENOENT" ? noSudo(purpose) : `${purpose}: sudo cannot be started: ${String(error)}`;
    },
  );
  const first = await Promise.race([line.then((text) => ({ text })), close.then((problem) => ({ problem }))]);
  waiting.abort();
  if ("problem" in first) throw new CliError(first.problem);
  if (!first.text.startsWith('{"ready":true')) {
    child.stdin?.end();
    throw new CliError(`${purpose}: the privileged helper said ${JSON.stringify(first.text)} instead of being ready.`);
  }
}
