/** Starts other programs. Output comes back as text, and line by line where a caller wants to follow. */
import { type ChildProcess, spawn } from "node:child_process";
import { CliError, codeOf, InterruptedError } from "./errors.ts";
import { interrupted, trackGroup } from "./interrupt.ts";

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  input?: string;
  /** Called with each whole line of stdout or stderr as it comes. */
  onLine?: (line: string) => void;
  /** Milliseconds after which the program is killed. */
  timeout?: number;
}

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. A code other than 0 is a result, not an error; a program that is missing is an error. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    detached: ownGroup(command),
    ...(options.timeout === undefined ? {} : { timeout: options.timeout, killSignal: "SIGKILL" }),
  });
  if (options.input !== undefined) {
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input);
  }
  return collect(command, child, options.onLine);
}

/** A terminal's Ctrl-C reaches a child once, through us. But sudo remembers a password by session: it stays in ours. */
export const ownGroup = (command: string): boolean => command !== "sudo";

async function collect(command: string, child: ChildProcess, onLine?: (line: string) => void): Promise<RunResult> {
  const untrack = child.pid === undefined ? () => {} : trackGroup(child.pid);
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    const split = onLine === undefined ? undefined : splitLines(onLine);
    child[name]?.setEncoding("utf8").on("data", (chunk: string) => {
      texts[name] += chunk;
      split?.(chunk);
    });
  }
  try {
    const code = await ended(command, child);
    if (interrupted.aborted && code !== 0) throw new InterruptedError();
    return { code, ...texts };
  } finally {
    untrack();
  }
}

function ended(command: string, child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on("error", (error) => {
      reject(codeOf(error) === "ENOENT" ? new CliError(`${command} is not installed, or not on PATH.`) : error);
    });
    child.on("close", (code, signal) => resolve(code ?? 128 + (signal === "SIGKILL" ? 9 : 15)));
  });
}

/** Feeds whole lines to `onLine`; the rest waits for the next chunk. */
export function splitLines(onLine: (line: string) => void): (chunk: string) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line.replace(/\r$/, ""));
  };
}

/** Like `run`, and any code other than 0 is an error that carries what the program said. */
export async function check(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await run(command, args, options);
  if (result.code !== 0) {
    const said = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-20).join("\n");
    throw new CliError(`\`${[command, ...args].join(" ")}\` ended with code ${result.code}:\n${said}`);
  }
  return result.stdout;
}

/** Gives the program our terminal and waits: Ctrl-C reaches it from the terminal itself, so we leave it alone. */
export async function attach(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const ours = process.listeners("SIGINT");
  const ignore = (): void => {};
  process.removeAllListeners("SIGINT").on("SIGINT", ignore);
  try {
    return await ended(command, spawn(command, args, { stdio: "inherit", env }));
  } finally {
    process.removeListener("SIGINT", ignore);
    for (const listener of ours) process.on("SIGINT", listener as () => void);
  }
}
