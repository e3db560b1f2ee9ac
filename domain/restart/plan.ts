/** What waits for a restart, as few steps as will do, each with what it stops. Pure. */
import { BLAST_RADII, type BlastRadius, type PendingChange } from "./change.ts";

/**
 * Who can restart the Docker daemon: systemd; we, who started it; whoever else started it in this system; Docker Desktop on
 * Windows; the administrator of the machine that it runs on.
 */
export type DaemonKind = "systemd" | "ours" | "others" | "desktop" | "remote";

export interface RestartQuestion {
  changes: readonly PendingChange[];
  daemon: DaemonKind;
  /** Names of all containers of the daemon that run, also of others. */
  containers: readonly string[];
  /** Those of them that are this stack's. */
  own: readonly string[];
  /** This distribution's name in WSL; empty outside, and when it cannot be told. */
  distribution: string;
  /** Names of the distributions that run; empty when they cannot be told. */
  distributions: readonly string[];
  /** Programs of Windows can be started from here. */
  interop: boolean;
  /** Containers go on while the daemon restarts. */
  liveRestore: boolean;
}

export interface RestartStep {
  needs: BlastRadius;
  /** `resource: field` of what takes effect by it. */
  takesEffect: string[];
  /** What ends: containers, distributions. */
  stops: string[];
  /** What a person would type, or has to do where no command does it. */
  command: string;
  /** Where it has to be done. */
  where: "here" | "windows" | "elsewhere";
  /** `us`: `up --restart` does it. `you`: it can only be told. */
  by: "us" | "you";
  /** Words of the command of WSL that `by: us` stands for. */
  wsl?: string[];
  /** What is not as one would expect. */
  note?: string;
}

/** The daemon runs in this distribution, so it ends with it. */
const isHere = (daemon: DaemonKind): boolean => daemon === "systemd" || daemon === "ours" || daemon === "others";

/** What a restart brings with it: who shuts WSL down need not terminate a distribution. A new container is made by `up`. */
function implied(needs: BlastRadius, daemon: DaemonKind): BlastRadius[] {
  switch (needs) {
    case "wsl-terminate":
      return ["new-shell", ...(isHere(daemon) ? (["dockerd-restart"] as const) : [])];
    case "wsl-shutdown":
    case "reboot":
      return [
        "new-shell",
        ...(daemon === "remote" ? [] : (["dockerd-restart"] as const)),
        "wsl-terminate",
        ...(needs === "reboot" ? (["wsl-shutdown"] as const) : []),
      ];
    default:
      return [];
  }
}

/** From the smallest to the largest; nothing that a larger one brings with it. */
export function planRestarts(question: RestartQuestion): RestartStep[] {
  const { changes, daemon } = question;
  const needed = new Set<BlastRadius>(changes.map(({ needs }) => needs).filter((needs) => needs !== "none"));
  const brought = new Set([...needed].flatMap((needs) => implied(needs, daemon)));
  return BLAST_RADII.filter((needs) => needed.has(needs) && !brought.has(needs)).map((needs) => {
    const brings = [needs, ...implied(needs, daemon)];
    const effective = changes.filter((change) => brings.includes(change.needs));
    return {
      needs,
      takesEffect: [...new Set(effective.map(({ resource, field }) => `${resource}: ${field}`))].sort(),
      ...describe(needs, question),
    };
  });
}

type Description = Omit<RestartStep, "needs" | "takesEffect">;

const named = (kind: string, names: readonly string[]): string[] => names.map((name) => `${kind} ${name}`).sort();

function describe(needs: BlastRadius, question: RestartQuestion): Description {
  const { containers, own, daemon, distribution, distributions } = question;
  const all = named("container", containers);
  switch (needs) {
    case "new-shell":
      return { stops: [], command: "open a new shell", where: "here", by: "you" };
    case "container-recreate":
      return { stops: named("container", own), command: "./workstation up", where: "here", by: "you" };
    case "dockerd-restart":
      return describeDaemon(question);
    case "wsl-terminate": {
      const stops = [`distribution ${distribution || "this one"}`, ...(isHere(daemon) ? all : [])];
      if (distribution === "") {
        const command = "wsl.exe --terminate NAME (`wsl.exe --list` names this distribution)";
        return { stops, command, where: "windows", by: "you" };
      }
      return { stops, ...describeWsl(["--terminate", distribution], question) };
    }
    case "wsl-shutdown": {
      const systems = distributions.length === 0 ? ["every WSL distribution"] : named("distribution", distributions);
      return { stops: [...systems, ...(daemon === "remote" ? [] : all)], ...describeWsl(["--shutdown"], question) };
    }
    default:
      return { stops: ["everything on this machine"], command: "shutdown.exe /r", where: "windows", by: "you" };
  }
}

/** Ends us too: from here it can only be the last thing that is done. */
function describeWsl(wsl: string[], { interop }: RestartQuestion): Omit<Description, "stops"> {
  const words = wsl.map((word) => (/^[\w.-]+$/.test(word) ? word : `"${word}"`));
  const command = ["wsl.exe", ...words].join(" ");
  return interop ? { command, where: "windows", by: "us", wsl } : { command, where: "windows", by: "you" };
}

const DAEMON: Record<DaemonKind, Omit<Description, "stops" | "note">> = {
  systemd: { command: "systemctl restart docker", where: "here", by: "us" },
  ours: { command: "./workstation up --restart", where: "here", by: "us" },
  others: { command: "restart the Docker daemon the way it was started", where: "here", by: "you" },
  desktop: { command: "restart Docker Desktop", where: "windows", by: "you" },
  remote: { command: "restart the Docker daemon on its own machine", where: "elsewhere", by: "you" },
};

function describeDaemon({ containers, daemon, liveRestore }: RestartQuestion): Description {
  if (!liveRestore || containers.length === 0) return { stops: named("container", containers), ...DAEMON[daemon] };
  return { stops: [], ...DAEMON[daemon], note: `live-restore keeps running: ${[...containers].sort().join(", ")}` };
}

/** For people: a line for each step, then what it stops. */
export function restartLines(steps: readonly RestartStep[]): string[] {
  return steps.flatMap(({ takesEffect, stops, command, where, note }) => [
    `${command}${where === "windows" ? "   (in a window of Windows)" : ""}`,
    `    takes effect: ${takesEffect.join(", ")}`,
    `    stops: ${stops.length === 0 ? "nothing" : stops.join(", ")}`,
    ...(note === undefined ? [] : [`    ${note}`]),
  ]);
}
