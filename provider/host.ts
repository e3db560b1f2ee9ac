/** The provider's only door to the machine. Tests give it a folder as root and stand-ins for programs and the daemon. */
import { readFileSync } from "node:fs";
import os from "node:os";
import type Docker from "dockerode";
import { type DockerEndpoint, dockerClient, resolveDockerEndpoint } from "./docker.ts";
import { type Folders, folders } from "./folders.ts";
import { type Files, filesBelow } from "./host-files.ts";
import { withPrivileged } from "./host-privileged.ts";
import { type RunOptions, type RunResult, runProgram } from "./host-run.ts";
import { type Privileged, privilegedClient, socketVariable } from "./privileged.ts";

export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly user: { name: string; uid: number; gid: number; home: string };
  readonly folders: Folders;
  readonly files: Files;
  /** Root's few verbs, in a run of an ordinary user that asked for them. `files` goes there by itself. */
  readonly privileged: Privileged | undefined;
  /** Aborted when the engine cancels or goes away: all work stops. */
  readonly signal: AbortSignal;
  now(): Date;
  /** Runs a program without a shell; it ends when `signal` says so. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  dockerEndpoint(): DockerEndpoint;
  docker(): Promise<Docker>;
}

export interface MachineOptions {
  env?: Readonly<Record<string, string | undefined>>;
  /** Paths as people write them are looked up below this folder. */
  root?: string;
  signal?: AbortSignal;
  user?: Host["user"];
}

export function machineHost(options: MachineOptions = {}): Host {
  const env = options.env ?? process.env;
  const user = options.user ?? currentUser(env);
  const signal = options.signal ?? new AbortController().signal;
  let client: Promise<Docker> | undefined;
  const files = filesBelow(options.root ?? "/");
  const socket = env[socketVariable];
  const privileged = user.uid === 0 || !socket ? undefined : privilegedClient(socket);
  const endpoint = () => resolveDockerEndpoint(env, user.home, readTextIfThere);
  return {
    env,
    user,
    signal,
    folders: folders(env, user.home),
    files: user.uid === 0 ? files : withPrivileged(files, privileged),
    privileged,
    now: () => new Date(),
    run: (command, args, more = {}) =>
      runProgram(command, args, {
        env,
        ...more,
        signal: more.signal ? AbortSignal.any([signal, more.signal]) : signal,
      }),
    dockerEndpoint: endpoint,
    docker: () => {
      client ??= dockerClient(endpoint());
      return client;
    },
  };
}

/** A user without an entry in the password file (some containers) is still a user. */
function currentUser(env: Readonly<Record<string, string | undefined>>): Host["user"] {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  try {
    const { username, homedir } = os.userInfo();
    return { name: username, uid, gid, home: env.HOME || homedir };
  } catch {
    return { name: env.USER || String(uid), uid, gid, home: env.HOME || "/" };
  }
}

function readTextIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
