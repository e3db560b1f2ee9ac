/** What waits for a restart on this machine, as it runs now. */
import { existsSync } from "node:fs";
import type { Facts } from "../../domain/facts.ts";
import { LABEL_STACK } from "../../domain/names.ts";
import type { PendingChange } from "../../domain/restart/change.ts";
import { type DaemonKind, planRestarts, type RestartStep } from "../../domain/restart/plan.ts";
import { defaultDockerHost } from "../../provider/docker.ts";
import { quietly } from "../../provider/facts/quietly.ts";
import type { Context } from "../context.ts";
import type { DockerApi } from "../docker.ts";
import type { ListedContainer } from "../observe.ts";
import { run } from "../process.ts";
import { findProgram } from "../setup/packages.ts";
import { ownDaemon } from "./acts.ts";

export interface Pending {
  changes: PendingChange[];
  steps: RestartStep[];
  daemon: DaemonKind;
}

/** Looks at what runs only when something waits. */
export async function findPending(
  context: Pick<Context, "env" | "stateDir">,
  docker: DockerApi,
  stack: string,
  changes: PendingChange[],
  facts: Facts,
): Promise<Pending> {
  if (changes.length === 0) return { changes, steps: [], daemon: "others" };
  const ends = changes.some(({ needs }) => needs === "wsl-shutdown");
  const [daemon, listed, distributions] = await Promise.all([
    daemonKind(context, docker.endpoint.host, facts),
    docker.get<ListedContainer[]>("/containers/json"),
    ends && facts.wsl.interop ? runningDistributions(context) : [],
  ]);
  const containers = listed ?? [];
  const names = (some: ListedContainer[]): string[] => some.map(({ Names }) => (Names[0] ?? "").replace(/^\//, ""));
  const steps = planRestarts({
    changes,
    daemon,
    containers: names(containers),
    own: names(containers.filter(({ Labels }) => Labels[LABEL_STACK] === stack)),
    distribution: facts.wsl.distribution,
    distributions,
    interop: facts.wsl.interop,
    liveRestore: facts.docker.liveRestore === true,
  });
  return { changes, steps, daemon };
}

/** A socket with another name is that of a daemon which a person runs: rootless, or in a virtual machine. */
const SYSTEM_SOCKETS = [defaultDockerHost, "unix:///run/docker.sock"];

export async function daemonKind(
  context: Pick<Context, "env" | "stateDir">,
  host: string,
  facts: Pick<Facts, "docker">,
): Promise<DaemonKind> {
  if (facts.docker.flavour === "desktop") return "desktop";
  if (!host.startsWith("unix://")) return "remote";
  if (!SYSTEM_SOCKETS.includes(host)) return "others";
  if (existsSync("/run/systemd/system") && findProgram("systemctl", context.env) !== undefined) {
    const { code } = await run("systemctl", ["is-active", "--quiet", "docker.service"], { env: context.env });
    if (code === 0) return "systemd";
  }
  return ownDaemon(context.stateDir) === undefined ? "others" : "ours";
}

/** None when Windows does not say: the plan is told all the same. */
async function runningDistributions(context: Pick<Context, "env">): Promise<string[]> {
  const [{ machineHost }, { wslDistributions }] = await Promise.all([
    import("../../provider/host.ts"),
    import("../../provider/interop/wsl.ts"),
  ]);
  const found = await quietly(wslDistributions(machineHost({ env: context.env })));
  return (found ?? []).filter(({ running }) => running).map(({ name }) => name);
}
