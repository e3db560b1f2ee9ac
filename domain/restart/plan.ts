/** What waits for a restart, as few steps as will do, each with what it stops. Pure. */
import { BLAST_RADII, type BlastRadius, type PendingChange } from "./change.ts";

export interface RestartQuestion {
  changes: readonly PendingChange[];
  /** Names of containers that run, the stack's and others. */
  containers: readonly string[];
  /** This distribution's name in WSL; empty outside. */
  distribution: string;
  /** Containers go on while the daemon restarts. */
  liveRestore: boolean;
}

export interface RestartStep {
  needs: BlastRadius;
  /** `resource: field` of what takes effect by it. */
  takesEffect: string[];
  /** What ends: shells, containers, distributions. */
  stops: string[];
  /** What a person would type. */
  command: string;
  /** Where it has to be typed. */
  where: "here" | "windows";
}

/** What a restart brings with it: who shuts WSL down need not terminate a distribution. A new container is made by `up`. */
const IMPLIES: Record<BlastRadius, readonly BlastRadius[]> = {
  none: [],
  "new-shell": [],
  "container-recreate": [],
  "dockerd-restart": [],
  "wsl-terminate": ["new-shell", "dockerd-restart"],
  "wsl-shutdown": ["new-shell", "dockerd-restart", "wsl-terminate"],
  reboot: ["new-shell", "dockerd-restart", "wsl-terminate", "wsl-shutdown"],
};

/** From the smallest to the largest; nothing that a larger one brings with it. */
export function planRestarts(question: RestartQuestion): RestartStep[] {
  const needed = new Set<BlastRadius>(question.changes.map(({ needs }) => needs).filter((needs) => needs !== "none"));
  const implied = new Set([...needed].flatMap((needs) => IMPLIES[needs]));
  return BLAST_RADII.filter((needs) => needed.has(needs) && !implied.has(needs)).map((needs) => {
    const brings = [needs, ...IMPLIES[needs]];
    const changes = question.changes.filter((change) => brings.includes(change.needs));
    return {
      needs,
      takesEffect: [...new Set(changes.map(({ resource, field }) => `${resource}: ${field}`))].sort(),
      ...describe(needs, question),
    };
  });
}

type Description = Pick<RestartStep, "stops" | "command" | "where">;

function describe(needs: BlastRadius, { containers, distribution, liveRestore }: RestartQuestion): Description {
  const all = containers.map((name) => `container ${name}`).sort();
  switch (needs) {
    case "new-shell":
      return { stops: [], command: "open a new shell", where: "here" };
    case "container-recreate":
      return { stops: all, command: "./workstation up", where: "here" };
    case "dockerd-restart":
      return { stops: liveRestore ? [] : all, command: "systemctl restart docker", where: "here" };
    case "wsl-terminate":
      return {
        stops: [`distribution ${distribution}`, ...all],
        command: `wsl.exe --terminate ${distribution}`,
        where: "windows",
      };
    case "wsl-shutdown":
      return { stops: ["every WSL distribution", ...all], command: "wsl.exe --shutdown", where: "windows" };
    default:
      return { stops: ["everything on this machine"], command: "shutdown.exe /r", where: "windows" };
  }
}

/** For people: a line for each step, then what it stops. */
export function restartLines(steps: readonly RestartStep[]): string[] {
  return steps.flatMap(({ takesEffect, stops, command, where }) => [
    `${command}${where === "windows" ? "   (in a window of Windows)" : ""}`,
    `    takes effect: ${takesEffect.join(", ")}`,
    `    stops: ${stops.length === 0 ? "nothing" : stops.join(", ")}`,
  ]);
}
