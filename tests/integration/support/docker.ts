/** Docker for the integration tests: the daemon that answers already, else one of our own that dies with the run. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface TestDaemon {
  /** Value for DOCKER_HOST; undefined means the current context. */
  host: string | undefined;
  stop(): Promise<void>;
}

async function answers(host: string | undefined): Promise<boolean> {
  try {
    await run("docker", ["version", "--format", "{{.Server.Version}}"], {
      env: host === undefined ? process.env : { ...process.env, DOCKER_HOST: host },
      timeout: 10_000,
    });
    return true;
  } catch {
    return false;
  }
}

/** Resolves when the daemon answers, rejects when it ends first or two minutes have passed. */
async function ready(daemon: ChildProcess, host: string, logFile: string): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!(await answers(host))) {
    if (daemon.exitCode !== null || daemon.signalCode !== null) {
      throw new Error(`dockerd ended before it answered; see ${logFile}`);
    }
    if (Date.now() > deadline) throw new Error(`dockerd did not answer within two minutes; see ${logFile}`);
    // Asking again is the only way: dockerd without systemd has no readiness signal.
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** A daemon leaves the network of the machine mounted when a container has used that; its folder could not be removed. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" ")[1] ?? "");
  for (const mount of mounts.reverse()) if (mount.startsWith(`${folder}/`)) await run("umount", [mount]);
}

export async function provideDaemon(): Promise<TestDaemon> {
  if (await answers(undefined)) return { host: undefined, stop: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), "gows-dockerd-"));
  const host = `unix://${join(folder, "docker.sock")}`;
  const logFile = join(folder, "dockerd.log");
  const log = await open(logFile, "w");
  const daemon = spawn(
    "dockerd",
    [
      ...["--host", host],
      ...["--data-root", join(folder, "data")],
      ...["--exec-root", join(folder, "exec")],
      ...["--pidfile", join(folder, "dockerd.pid")],
    ],
    { stdio: ["ignore", log.fd, log.fd] },
  );
  const failed = new Promise<never>((_, reject) => {
    daemon.once("error", (error) => reject(new Error(`cannot start dockerd: ${error.message}`)));
  });
  const stop = async () => {
    if (daemon.exitCode === null && daemon.signalCode === null) {
      const ended = new Promise<void>((resolve) => daemon.once("exit", () => resolve()));
      daemon.kill("SIGTERM");
      await ended;
    }
    await log.close();
    await unmountBelow(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    await Promise.race([ready(daemon, host, logFile), failed]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { host, stop };
}
