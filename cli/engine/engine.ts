/** Runs the engine and follows what it tells. It goes on and ends in good order even when we are killed. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import type { Context } from "../context.ts";
import { CliError, InterruptedError, messageOf } from "../errors.ts";
import { interrupted, trackGroup } from "../interrupt.ts";
import { check, splitLines } from "../process.ts";
import { driftCheck } from "../schedule/record.ts";
import { findBackend } from "../setup/state.ts";
import type { Deployment } from "./checkpoint.ts";
import { newStory, parseEvent, type RunStory, tell } from "./events.ts";
import { clearLocks, sweepRuns } from "./recover.ts";

export interface EngineRun {
  code: number;
  story: RunStory;
  /** Everything on stderr and what was not an event on stdout. */
  said: string;
}

const POLL_MILLIS = 50;

export class Engine {
  private readonly context: Context;
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stack: string;

  constructor(context: Context, program: string, env: Record<string, string>, stack: string) {
    this.context = context;
    this.program = program;
    this.env = { ...context.env, ...driftCheck(context.stateDir, stack), ...env };
    this.stack = stack;
  }

  /** The same engine with more in its environment. */
  within(more: Record<string, string>): Engine {
    return new Engine(this.context, this.program, { ...(this.env as Record<string, string>), ...more }, this.stack);
  }

  /** A command that is over at once; returns what it printed. */
  async command(args: string[], input?: string): Promise<string> {
    try {
      return await this.commandOnce(args, input);
    } catch (error) {
      if (!saysLocked(messageOf(error))) throw error;
      await this.waitForLock();
      return await this.commandOnce(args, input);
    }
  }

  /**
   * The engine of a killed run can take its lock between our look and ours: waited for, and once more. It has its lock
   * before it does anything, so that nothing was done yet. A lock that is still there then is told as it is.
   */
  private async waitForLock(): Promise<void> {
    const { terminal, stateDir } = this.context;
    await clearLocks(terminal, findBackend(this.env, stateDir), this.stack, stateDir);
  }

  private async commandOnce(args: string[], input?: string): Promise<string> {
    return await check(this.program, [...args, "--stack", this.stack, "--non-interactive"], {
      cwd: this.context.root,
      env: this.env,
      ...(input === undefined ? {} : { input }),
    });
  }

  async export(): Promise<Deployment> {
    return (JSON.parse(await this.command(["stack", "export"])) as { deployment: Deployment }).deployment;
  }

  async import(deployment: Deployment): Promise<void> {
    await this.command(["stack", "import"], JSON.stringify({ version: 3, deployment }));
  }

  /** `up`, `preview`, `refresh` or `destroy`, followed event by event. */
  async follow(operation: string, args: string[], news: (text: string) => void): Promise<EngineRun> {
    const run = await this.followOnce(operation, args, news);
    if (run.code === 0 || !saysLocked([...run.story.problems, run.said].join("\n"))) return run;
    await this.waitForLock();
    return await this.followOnce(operation, args, news);
  }

  private async followOnce(operation: string, args: string[], news: (text: string) => void): Promise<EngineRun> {
    const folder = join(this.context.stateDir, "runs");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    sweepRuns(folder);
    // Files and not pipes: an engine whose reader was killed would die of it in the middle of its work.
    const files = ["events", "errors"].map((kind) => join(folder, `${this.stack}.${process.pid}.${kind}`)) as [
      string,
      string,
    ];
    const [events, errors] = files.map((file) => openSync(file, "w+", 0o600)) as [number, number];
    const story = newStory();
    let said = "";
    const hearEvent = splitLines((line) => {
      const event = parseEvent(line);
      if (event === undefined) said += `${line}\n`;
      else tell(story, event);
    });
    const tails = [
      tail(events, hearEvent),
      tail(errors, (chunk) => {
        said += chunk;
      }),
    ];
    const child = spawn(
      this.program,
      [operation, "--json", "--stack", this.stack, "--non-interactive", "--suppress-outputs", ...args],
      {
        cwd: this.context.root,
        env: { ...this.env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" },
        stdio: ["ignore", events, errors],
        detached: true,
      },
    );
    const untrack = child.pid === undefined ? () => {} : trackGroup(child.pid);
    const timer = setInterval(() => {
      for (const read of tails) read();
      if (story.news !== "") news(story.news);
    }, POLL_MILLIS);
    try {
      const code = await new Promise<number>((resolve, reject) => {
        child.on("error", (error) => reject(new CliError(`${this.program} cannot be started: ${messageOf(error)}`)));
        child.on("exit", (status) => resolve(status ?? 1));
      });
      for (const read of tails) read();
      hearEvent("\n");
      if (interrupted.aborted && code !== 0) throw new InterruptedError();
      return { code, story, said };
    } finally {
      clearInterval(timer);
      untrack();
      for (const descriptor of [events, errors]) closeSync(descriptor);
      for (const file of files) rmSync(file, { force: true });
    }
  }
}

const saysLocked = (text: string): boolean => text.includes("the stack is currently locked by");

/** Reads what was added to a file since the last call. */
function tail(descriptor: number, onText: (text: string) => void): () => void {
  const decoder = new StringDecoder("utf8");
  const buffer = Buffer.alloc(64 * 1024);
  let position = 0;
  return () => {
    for (;;) {
      const length = readSync(descriptor, buffer, 0, buffer.length, position);
      if (length === 0) return;
      position += length;
      onText(decoder.write(buffer.subarray(0, length)));
    }
  };
}

/** The engine's own words when it failed, each thing once; then what a rule said. */
export function explainFailure(operation: string, run: EngineRun): string {
  const lines = [...run.story.problems];
  for (const violation of run.story.policy) {
    if (violation.level === "mandatory") lines.push(`policy ${violation.text}`);
  }
  // Its error stream repeats the events, and plugins that end with it are called a bug there: only when there is no more.
  if (lines.length === 0) {
    for (const line of run.said.split("\n")) {
      const text = line.replace(/^error: /, "").trim();
      if (text !== "" && !/^(update|preview|refresh|destroy) failed$/.test(text)) lines.push(text);
    }
  }
  if (lines.length === 0) return `The engine's ${operation} ended with code ${run.code}.`;
  const debug = process.env.WORKSTATION_DEBUG === "1";
  return [...new Set(lines.flatMap((line) => line.split("\n")))]
    .filter((line) => debug || !/^\s+at .+:\d+:\d+\)?$/.test(line))
    .join("\n");
}
