import { LABEL_CPUS } from "../../domain/names.ts";
import type { ProcessLimitArgs } from "../../resources/workstation.ts";
import { type Container, type Declared, defineRule, defineStackRule, type Rule } from "../rule.ts";

export function memoryLimit(maxMemory = 0): Rule {
  return defineRule({
    id: "container-memory",
    title: "Memory is limited",
    why: "A build that takes all memory must end itself, not the editor, the other containers and the machine.",
    fix: "Set `memory` (MiB) and `memorySwap` to the same figure.",
    reference: "CIS Docker Benchmark 1.2.0, 5.10",
    level: "mandatory",
    options: { maxMemory },
    schema: {
      maxMemory: { type: "integer", minimum: 0, description: "Most memory that a container may have, in MiB; 0: any." },
    },
    checks: {
      "docker:index/container:Container"({ memory = 0, memorySwap }, report, options) {
        if (memory <= 0) report("memory is not limited", "memory");
        else if (options.maxMemory > 0 && memory > options.maxMemory) {
          report(`memory is ${memory} MiB, more than ${options.maxMemory}`, "memory");
        }
        if (memorySwap === -1) report("memorySwap is -1, so that swap is not limited", "memorySwap");
      },
    },
  });
}

export function cpuLimit(): Rule {
  return defineRule({
    id: "container-cpu",
    title: "CPU is limited, or shared on purpose",
    why: "A test that never ends on every core makes the editor, and everybody else on the machine, wait.",
    fix: `Set \`cpus\` (\`container.cpus\` in the settings), or label the container ${LABEL_CPUS}=all when it may take all of them.`,
    reference: "CIS Docker Benchmark 1.2.0, 5.11",
    level: "advisory",
    options: {},
    schema: {},
    checks: {
      "docker:index/container:Container"({ cpus, cpuSet, cpuShares, labels, mustRun }, report) {
        if (mustRun === false || (labels ?? []).some(({ label, value }) => label === LABEL_CPUS && value === "all"))
          return;
        const limits = [cpus, cpuSet, cpuShares].filter((limit) => limit !== undefined && Number(limit) !== 0);
        if (limits.length === 0) report("CPU is not limited", "cpus");
      },
    },
  });
}

/** The limits that the stack sets on this container: the Docker provider has none of its own. */
function processLimits(container: Declared, all: readonly Declared[]): Partial<ProcessLimitArgs>[] {
  return all
    .filter(({ type, uses }) => type === "workstation:index:ProcessLimit" && uses.container?.includes(container.urn))
    .map(({ args }) => args);
}

export function processLimit(maxProcesses = 0): Rule {
  return defineStackRule({
    id: "container-processes",
    title: "Processes are limited",
    why: "Tests that start processes without end fill the kernel's table, and then nobody on the machine can log in or stop them.",
    fix: "Declare a ProcessLimit with `container` set to the container's id. A limit on the user (`ulimits` nproc) counts the user's processes on the whole machine and is not enough.",
    reference: "CIS Docker Benchmark 1.2.0, 5.28",
    level: "mandatory",
    options: { maxProcesses },
    schema: {
      maxProcesses: { type: "integer", minimum: 0, description: "Most processes that a container may have; 0: any." },
    },
    type: "docker:index/container:Container",
    reads: ["workstation:index:ProcessLimit"],
    check(container, all, report, options) {
      const limits = processLimits(container, all);
      if (limits.length === 0 && (container.args as Container).mustRun !== false) report("processes are not limited");
      for (const { limit } of limits) {
        if (typeof limit !== "number" || limit <= 0) report(`limit is ${limit}`);
        else if (options.maxProcesses > 0 && limit > options.maxProcesses) {
          report(`limit is ${limit}, more than ${options.maxProcesses}`);
        }
      }
    },
  });
}
