/** Runs programs: no shell, one result, gone with us. */
import { spawn } from "node:child_process";
import path from "node:path";

export interface RunOptions {
  cwd?: string;
  /** Replaces the environment when given; values that are undefined are left out. */
  env?: Readonly<Record<string, string | undefined>>;
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Each line of standard error, as it comes. */
  onLine?: (line: string) => void;
  /** Answers the result whatever the exit code; otherwise a code other than 0 throws. */
  anyExit?: boolean;
  input?: string;
  /** Of standard output. `latin1` keeps every byte, for who decodes by himself. Default `utf8`. */
  encoding?: "utf8" | "latin1";
  /** What messages call it. Default: the program's own name and its first word; further arguments can be private. */
  name?: string;
}

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

const keptOfStderr = 64 * 1024;

export function runProgram(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const name = options.name ?? [path.basename(command), ...args.slice(0, 1)].join(" ");
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted === true) {
      reject(cancelled(name));
      return;
    }
    // Its own process group, so that stopping it also stops what it started.
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env as NodeJS.ProcessEnv | undefined,
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    const stdout: Buffer[] = [];
    let stderr = "";
    let line = "";
    let why: Error | undefined;
    const stop = (reason: Error) => {
      why ??= reason;
      kill(child.pid, "SIGTERM");
      setTimeout(() => kill(child.pid, "SIGKILL"), 5000).unref();
    };
    const abort = () => stop(cancelled(name));
    options.signal?.addEventListener("abort", abort, { once: true });
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(
            () => stop(new Error(`${name} did not end within ${seconds(options.timeoutMs ?? 0)}`)),
            options.timeoutMs,
          );
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    child.stdout.on("data", (part: Buffer) => stdout.push(part));
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (part: string) => {
      stderr = (stderr + part).slice(-keptOfStderr);
      if (options.onLine === undefined) return;
      const lines = (line + part).split(/[\r\n]+/);
      line = lines.pop() ?? "";
      for (const one of lines) if (one !== "") options.onLine(one);
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      why ??=
        error.code === "ENOENT"
          ? Object.assign(new Error(`${command} is not installed (not found on PATH)`), { code: "ENOENT" })
          : error;
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
      const result = { code: code ?? 128, stdout: Buffer.concat(stdout).toString(options.encoding ?? "utf8"), stderr };
      if (why !== undefined) reject(why);
      else if (options.anyExit === true || code === 0) resolve(result);
      else reject(new Error(`\`${name}\` failed (${signal ?? `exit ${code}`}): ${tail(stderr)}`));
    });
  });
}

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function cancelled(name: string): Error {
  return new Error(`${name} was stopped because the run was cancelled`);
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

/** The end of what a program complained about: that is where the cause is. */
function tail(text: string): string {
  return text.trim().split("\n").slice(-12).join("\n") || "it printed nothing";
}
