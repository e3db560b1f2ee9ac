/** Step 3: a Docker daemon that answers. The current context's, else the distribution's, started if it is not. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { defaultDockerHost } from "../../provider/docker.ts";
import { withLock } from "../../provider/lock.ts";
import type { Context } from "../context.ts";
import { type DockerApi, DockerUnreachableError } from "../docker.ts";
import { CliError } from "../errors.ts";
import { interrupted } from "../interrupt.ts";
import { check, ownGroup } from "../process.ts";
import { findProgram, installPackages } from "./packages.ts";
import { isRoot, rootPrefix } from "./privilege.ts";
import { readRecord, writeRecord } from "./record.ts";
import type { SetupStep } from "./step.ts";

export interface DockerVersion {
  Version: string;
  Os: string;
  Arch: string;
  Platform?: { Name: string };
}

const READY_MILLIS = 90_000;

export function dockerStep(context: Context, docker: DockerApi): SetupStep<DockerVersion> {
  return {
    name: "Docker Engine",
    check: () => answering(docker),
    run: async (news) => {
      refuseForeign(docker.endpoint.host);
      const options = {
        signal: interrupted,
        onWait: (holder: string) => news(`waiting for ${holder}, which sets it up`),
      };
      return await withLock("docker-engine", options, async () => {
        return (await answering(docker)) ?? (await bringUp(context, docker, news));
      });
    },
    describe: (version) => `${version.Version} (${version.Os}/${version.Arch}) ready`,
  };
}

/** Undefined when nobody listens there; being refused is an error, because installing would not help. */
async function answering(docker: DockerApi): Promise<DockerVersion | undefined> {
  try {
    return await docker.get<DockerVersion>("/version", 10_000);
  } catch (error) {
    if (error instanceof DockerUnreachableError && error.reason === "absent") return undefined;
    throw error;
  }
}

function refuseForeign(host: string): void {
  if (host !== defaultDockerHost) {
    throw new CliError(
      `No Docker daemon answers at ${host}, which DOCKER_HOST or the current Docker context names. Start it, or choose another (\`docker context use default\`).`,
    );
  }
  if (/microsoft/i.test(release()) && existsSync("/mnt/wsl/docker-desktop")) {
    throw new CliError(
      "Docker Desktop is on this machine but does not answer here. Start it on Windows and switch on Settings > Resources > WSL integration for this distribution.",
    );
  }
}

async function bringUp(context: Context, docker: DockerApi, news: (text: string) => void): Promise<DockerVersion> {
  if (findProgram("dockerd", context.env) === undefined) {
    await installPackages(context, "Docker Engine", ["docker.io"], ["docker-cli"], news);
    // The package's own scripts may have started it.
    const started = await waitUntilReady(docker, 3_000, () => true, news);
    if (started !== undefined) return started;
  }
  const daemon = existsSync("/run/systemd/system")
    ? await startByInit(context, news)
    : await startDirectly(context, news);
  const version = await waitUntilReady(docker, READY_MILLIS, daemon.alive, news);
  if (version === undefined) {
    throw new CliError(`The Docker daemon did not get ready. What it said last:\n${await daemon.log()}`);
  }
  return version;
}

interface StartedDaemon {
  alive: () => boolean;
  log: () => Promise<string>;
}

async function startByInit(context: Context, news: (text: string) => void): Promise<StartedDaemon> {
  const prefix = await rootPrefix(context, "Starting the Docker daemon");
  const asRoot = async (...args: string[]): Promise<string> => {
    const [command = "", ...rest] = [...prefix, ...args];
    return await check(command, rest);
  };
  news("starting it through systemd");
  await asRoot("systemctl", "start", "docker.service");
  return { alive: () => true, log: () => asRoot("journalctl", "-u", "docker.service", "-n", "20", "--no-pager") };
}

async function startDirectly(context: Context, news: (text: string) => void): Promise<StartedDaemon> {
  const dockerd = findProgram("dockerd", context.env) ?? "dockerd";
  const prefix = await rootPrefix(context, "Starting the Docker daemon");
  const folder = join(context.stateDir, "docker");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const log = join(folder, "dockerd.log");
  // Started by sudo, it is out of our session itself: sudo has to stay, because it remembers a password by session.
  const [command = "", ...args] = prefix.length === 0 ? [dockerd] : [...prefix, "setsid", dockerd];
  news(`starting ${dockerd} without systemd, log in ${log}`);
  const output = openSync(log, "a", 0o600);
  // A daemon finds iptables and containerd in administrators' folders, which a user's PATH often leaves out.
  const env = { ...context.env, PATH: `${context.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin` };
  const child = spawn(command, args, { detached: ownGroup(command), stdio: ["ignore", output, output], env, cwd: "/" });
  const failed = new Promise<never>((_, reject) => {
    child.once("error", (error) => reject(new CliError(`${command} cannot be started: ${error.message}`)));
  });
  await Promise.race([new Promise((resolve) => child.once("spawn", resolve)), failed]);
  child.unref();
  if (isRoot() && child.pid !== undefined) {
    writeRecord(context.stateDir, { ...readRecord(context.stateDir), daemon: { pid: child.pid, log } });
  }
  return {
    alive: () => child.exitCode === null && child.signalCode === null,
    log: async () => readFileSync(log, "utf8").trim().split("\n").slice(-15).join("\n"),
  };
}

async function waitUntilReady(
  docker: DockerApi,
  millis: number,
  alive: () => boolean,
  news: (text: string) => void,
): Promise<DockerVersion | undefined> {
  const deadline = Date.now() + millis;
  while (Date.now() < deadline && alive()) {
    interrupted.throwIfAborted();
    const version = await answering(docker);
    if (version !== undefined) return version;
    news("waiting for the daemon to answer");
    // A daemon has no other signal of readiness than its answer.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return undefined;
}
