/** Carries out what a restart plan asks for: only when a person said so, the largest last, WSL itself at the very end. */
import { existsSync, readFileSync } from "node:fs";
import type { PendingChange } from "../../domain/restart/change.ts";
import { planRestarts, type RestartStep, restartLines } from "../../domain/restart/plan.ts";
import type { Context } from "../context.ts";
import type { DockerApi } from "../docker.ts";
import { CliError, messageOf } from "../errors.ts";
import { check, run } from "../process.ts";
import { dockerStep } from "../setup/docker-engine.ts";
import { rootPrefix } from "../setup/privilege.ts";
import { readRecord } from "../setup/record.ts";
import { perform } from "../setup/step.ts";
import { confirm } from "../terminal.ts";

export interface Pending {
  changes: PendingChange[];
  steps: RestartStep[];
}

interface Machine {
  /** Names of running containers. */
  containers: string[];
  distribution: string;
  liveRestore: boolean;
}

export function planPending(changes: PendingChange[], machine: Machine): Pending {
  return { changes, steps: planRestarts({ changes, ...machine }) };
}

/** Says what waits for a restart, and does it where that is allowed. `restart`: without a question. */
export async function finishPending(
  context: Context,
  docker: DockerApi,
  { steps }: Pending,
  restart: boolean,
): Promise<void> {
  if (steps.length === 0) return;
  const { terminal, globals } = context;
  terminal.line(terminal.paint("yellow", "Written, and waiting for a restart:"));
  for (const line of restartLines(steps)) terminal.line(`  ${line}`);
  const ours = steps.filter(({ needs }) => canDo(needs));
  if (ours.length === 0) return;
  if (!restart) {
    // An answer given in advance was for the stack, not for what stops other people's work.
    if (globals.yes || process.stdin.isTTY !== true) {
      terminal.line("  Nothing was restarted: `./workstation up --restart` does it.");
      return;
    }
    if (!(await confirm("Restart now?", false))) return;
  }
  for (const step of ours) await carryOut(context, docker, step);
}

/** A new shell, a new container and a reboot are not for us to start. */
const canDo = (needs: RestartStep["needs"]): boolean =>
  needs === "dockerd-restart" || needs === "wsl-terminate" || needs === "wsl-shutdown";

async function carryOut(context: Context, docker: DockerApi, step: RestartStep): Promise<void> {
  if (step.needs === "dockerd-restart") {
    await restartDaemon(context, docker);
    return;
  }
  const [command = "", ...args] = step.command.split(" ");
  context.terminal.line(`${step.command}: this distribution ends with it.`);
  await check(command, args, { env: context.env });
}

async function restartDaemon(context: Context, docker: DockerApi): Promise<void> {
  if (existsSync("/run/systemd/system")) {
    const prefix = await rootPrefix(context, "Restarting the Docker daemon");
    const [command = "", ...args] = [...prefix, "systemctl", "restart", "docker.service"];
    await check(command, args, { env: context.env });
  } else await stopOwnDaemon(context);
  await perform(context, dockerStep(context, docker));
}

/** Without an init system only a daemon that set-up started is ours to stop. */
async function stopOwnDaemon(context: Context): Promise<void> {
  const pid = readRecord(context.stateDir).daemon?.pid;
  if (pid === undefined || !isDockerd(pid)) {
    throw new CliError(
      "The Docker daemon has to be restarted, and there is no systemd to do it; it was not started by `./workstation`. Restart it the way it was started.",
    );
  }
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    throw new CliError(`The Docker daemon (process ${pid}) cannot be stopped: ${messageOf(error)}`);
  }
  // It writes its containers' state before it ends; `tail --pid` waits for a process that is not our child.
  await run("tail", ["--pid", String(pid), "-f", "/dev/null"], { timeout: 60_000 });
  if (isDockerd(pid)) throw new CliError(`The Docker daemon (process ${pid}) did not end within a minute.`);
}

export function isDockerd(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "dockerd";
  } catch {
    return false;
  }
}
