/** Real programs as servers: started on free ports, waited for, ended by their id. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Cleanup } from "./cleanup.ts";

export const run = promisify(execFile);

export const LOOPBACK = "127.0.0.1";

/** A folder of one's own, mode 0700, removed at the end. */
export async function labFolder(cleanup: Cleanup, name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `gows-${name}-`));
  cleanup.add(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return folder;
}

/** A port that nothing listens on now, for programs that cannot choose one themselves. */
export async function freePort(address = LOOPBACK): Promise<number> {
  const server = createServer();
  const port = await listen(server, address);
  server.close();
  await once(server, "close");
  return port;
}

/** Resolves with the port, which is a free one where `port` is 0. */
export async function listen(server: Server, address: string, port = 0): Promise<number> {
  server.listen(port, address);
  await once(server, "listening");
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error(`no port on ${address}`);
  return bound.port;
}

/** Where containers of a Docker network reach this machine. Default: Docker's own bridge. */
export async function bridgeAddress(network = "bridge"): Promise<string> {
  const format = "{{(index .IPAM.Config 0).Gateway}}";
  const { stdout } = await run("docker", ["network", "inspect", network, "--format", format]);
  return stdout.trim();
}

export interface Program {
  name: string;
  argv: readonly [string, ...string[]];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Asked again and again until it says true. */
  ready: () => Promise<boolean>;
  /** Milliseconds that it may take until then. Default: 30,000. */
  within?: number;
  /** What it prints goes here. */
  logFile: string;
}

export interface Running {
  pid: number;
  log(): Promise<string>;
  /** SIGTERM, and SIGKILL when it has not ended after 10 s. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export const accepts = (port: number, address = LOOPBACK): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, address);
    const done = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => done(true)).once("error", () => done(false));
  });

/** Starts it and waits until it is ready; when it ends before that, the error has what it printed. */
export async function serve(program: Program): Promise<Running> {
  const { name, argv, logFile, within = 30_000 } = program;
  const [file, ...args] = argv;
  const output = await open(logFile, "a", 0o600);
  const child = spawn(file, args, {
    cwd: program.cwd,
    env: program.env ?? process.env,
    stdio: ["ignore", output.fd, output.fd],
  });
  const failed = new Promise<never>((_, reject) => {
    child.once("error", (error) => reject(new Error(`${name}: ${error.message}`)));
  });
  const running = { pid: child.pid ?? -1, log: () => readFile(logFile, "utf8"), stop: () => end(child) };
  try {
    await Promise.race([waitFor(child, program, within), failed]);
  } catch (error) {
    await end(child);
    throw new Error(`${(error as Error).message}\n${await running.log()}`, { cause: error });
  } finally {
    await output.close();
  }
  return { ...running, stop: (signal) => end(child, signal) };
}

const over = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

async function waitFor(child: ChildProcess, { name, ready }: Program, within: number): Promise<void> {
  const deadline = Date.now() + within;
  while (!(await ready())) {
    if (over(child)) throw new Error(`${name} ended before it was ready`);
    if (Date.now() > deadline) throw new Error(`${name} was not ready within ${within / 1000} s`);
    // Asking again is the only way: these programs tell nobody that they listen.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  if (over(child)) throw new Error(`${name} ended, and something else answers in its place`);
}

async function end(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (over(child)) return;
  const ended = once(child, "exit");
  child.kill(signal);
  const force = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(force);
}
