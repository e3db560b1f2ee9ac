/** The control groups that containers need: version 2 alone, with memory in it. */
import type { MachineFacts } from "../facts.ts";

/** One row of the matrix: what is looked at, what was found, whether it is as it should be. */
export interface CgroupRow {
  name: string;
  found: string;
  good: boolean;
}

/**
 * The root group has no `memory.min`, so a child is looked at; `systemctl --version` prints what was compiled in, so what
 * systemd has mounted is.
 */
export function cgroupMatrix({ init, cgroup }: Pick<MachineFacts, "init" | "cgroup">): CgroupRow[] {
  const { filesystem, controllers, memoryMin, hierarchy } = cgroup;
  return [
    { name: "file system at /sys/fs/cgroup", found: filesystem || "none", good: filesystem === "cgroup2" },
    {
      name: "memory in cgroup.controllers",
      found: controllers.join(" ") || "none",
      good: controllers.includes("memory"),
    },
    { name: "memory.min in a child group", found: memoryMin ? "there" : "missing", good: memoryMin },
    {
      name: "systemd's hierarchy",
      found: init === "systemd" ? hierarchy || "unknown" : "systemd does not run",
      good: init === "systemd" && hierarchy === "unified",
    },
  ];
}

/** What the kernel has to be told where it mounts version 1 as well. The first alone leaves systemd to choose hybrid. */
export const CGROUP_V2_ARGUMENTS = ["cgroup_no_v1=all", "systemd.unified_cgroup_hierarchy=1"];

/** WSL itself never passes this one, so on the running kernel's command line it is the one that we wrote. */
const OURS = "systemd.unified_cgroup_hierarchy=1";

export const words = (line: string): string[] => line.split(/\s+/).filter((word) => word !== "");

export const runsWithOurArguments = (machine: Pick<MachineFacts, "kernelCommandLine">): boolean =>
  words(machine.kernelCommandLine).includes(OURS);

/** Runs on version 1 or a mixture. What cannot be told is no reason to change the kernel's arguments. */
function runsOnVersion1({ cgroup }: Pick<MachineFacts, "cgroup">): boolean {
  return cgroup.filesystem !== "" && (cgroup.filesystem !== "cgroup2" || !cgroup.controllers.includes("memory"));
}

/** WSL 1 has no kernel of its own, so no arguments for it. Its drives are of a type that no other system has. */
export const isWsl1 = ({ mounts }: Pick<MachineFacts, "mounts">): boolean =>
  mounts.some(({ type }) => type === "drvfs");

/**
 * Needed where WSL runs on version 1, and kept once they run: without them the next start would be as it was before, and
 * the one after that would write them again.
 */
export const needsCgroupV2Arguments = (machine: MachineFacts): boolean =>
  !isWsl1(machine) && (runsWithOurArguments(machine) || runsOnVersion1(machine));
