/** Restarts things. Swappable, because its tests must not. */
import { readFileSync } from "node:fs";
import type { DaemonKind } from "../../domain/restart/plan.ts";
import { machineHost } from "../../provider/host.ts";
import { runWindows } from "../../provider/interop/run.ts";
import type { Context } from "../context.ts";
import type { DockerApi } from "../docker.ts";
import { CliError, messageOf } from "../errors.ts";
import type { ListedContainer } from "../observe.ts";
import { check, run } from "../process.ts";
import { dockerStep } from "../setup/docker-engine.ts";
import { rootPrefix } from "../setup/privilege.ts";
import { readRecord } from "../setup/record.ts";
import { perform } from "../setup/step.ts";
import type { Terminal } from "../terminal.ts";

export interface RestartActs {
  restartDaemon(): Promise<void>;
  /** Words of `wsl.exe`. Does not come back when it ends the distribution that we run in. */
  wsl(words: readonly string[]): Promise<void>;
}

/** Windows asks every distribution to end before it answers. */
const WSL_MILLIS = 120_000;
const STOP_MILLIS = 60_000;

export function machineActs(context: Context, docker: DockerApi, daemon: DaemonKind): RestartActs {
  return {
    restartDaemon: async () => {
      const ran = await running(docker);
      if (daemon === "systemd") {
        const prefix = await rootPrefix(context, "Restarting the Docker daemon");
        const [command = "", ...args] = [...prefix, "systemctl", "restart", "docker.service"];
        await check(command, args, { env: context.env });
      } else await stopOwnDaemon(context.stateDir);
      // Started again, where systemd did not, by what started it first; and waited for.
      await perform(context, dockerStep(context, docker));
      await startAgain(context.terminal, docker, ran);
    },
    wsl: async (words) => {
      const { code, stdout, stderr } = await runWindows(
        machineHost({ env: context.env }),
        "wsl.exe",
        words,
        WSL_MILLIS,
      );
      if (code !== 0) throw new CliError(`wsl.exe ${words.join(" ")} ended with code ${code}: ${stderr || stdout}`);
    },
  };
}

const running = async (docker: Pick<DockerApi, "get">): Promise<ListedContainer[]> =>
  (await docker.get<ListedContainer[]>("/containers/json")) ?? [];

/** A daemon starts by itself only those with a restart policy; the others ended because of us too. One with `--rm` is gone. */
export async function startAgain(
  terminal: Pick<Terminal, "line">,
  docker: Pick<DockerApi, "get" | "post">,
  ran: readonly ListedContainer[],
): Promise<void> {
  const runs = new Set((await running(docker)).map(({ Id }) => Id));
  for (const { Id, Names } of ran.filter((container) => !runs.has(container.Id))) {
    const name = (Names[0] ?? Id).replace(/^\//, "");
    if ((await docker.get(`/containers/${Id}/json`)) === undefined) {
      terminal.line(`Container ${name} ended with the daemon and was removed, as it was told when it was made (--rm).`);
      continue;
    }
    try {
      await docker.post(`/containers/${Id}/start`);
      terminal.line(`Started container ${name} again.`);
    } catch (error) {
      terminal.line(`Container ${name} ended with the daemon and does not start again: ${messageOf(error)}`);
    }
  }
}

/** Process number of the daemon that set-up started; undefined when there is none, or it does not run any more. */
export function ownDaemon(stateDir: string): number | undefined {
  const pid = readRecord(stateDir).daemon?.pid;
  return pid !== undefined && isDockerd(pid) ? pid : undefined;
}

/** Ends the daemon that set-up started, and no other. */
export async function stopOwnDaemon(stateDir: string): Promise<void> {
  const pid = ownDaemon(stateDir);
  if (pid === undefined) {
    throw new CliError("The Docker daemon was not started by `./workstation`. Restart it the way it was started.");
  }
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    throw new CliError(`The Docker daemon (process ${pid}) cannot be stopped: ${messageOf(error)}`);
  }
  // It writes its containers' state before it ends; `tail --pid` waits for a process that is not our child.
  await run("tail", ["--pid", String(pid), "-f", "/dev/null"], { timeout: STOP_MILLIS });
  if (isDockerd(pid)) throw new CliError(`The Docker daemon (process ${pid}) did not end within a minute.`);
}

/** Numbers are given again to other programs; a process that has ended and was not waited for has no command line. */
function isDockerd(pid: number): boolean {
  try {
    const named = readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "dockerd";
    return named && readFileSync(`/proc/${pid}/cmdline`, "utf8") !== "";
  } catch {
    return false;
  }
}
