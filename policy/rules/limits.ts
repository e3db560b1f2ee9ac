import { type Container, defineRule, type Rule } from "../rule.ts";

/** The Docker provider has no pids limit of its own; a limit on the user's processes bounds them too. */
function processLimit({ ulimits }: Container): number | undefined {
  return (ulimits ?? []).find(({ name }) => name === "nproc")?.hard;
}

export function resourceLimits(maximum: { memory: number; pids: number } = { memory: 0, pids: 0 }): Rule {
  return defineRule({
    id: "container-limits",
    title: "Memory and processes are limited",
    why: "A build that runs away must end itself, not the editor, the other containers and the machine.",
    fix: "Set `memory` (MiB), `memorySwap` to the same figure, and `ulimits` with nproc.",
    reference: "CIS Docker Benchmark 1.2.0, 5.10 and 5.28",
    level: "mandatory",
    options: { maxMemory: maximum.memory, maxPids: maximum.pids },
    schema: {
      maxMemory: { type: "integer", minimum: 0, description: "Most memory that a container may have, in MiB; 0: any." },
      maxPids: { type: "integer", minimum: 0, description: "Most processes that a container may have; 0: any." },
    },
    checks: {
      "docker:index/container:Container"(args, report, { maxMemory, maxPids }) {
        const { memory = 0, memorySwap } = args;
        if (memory <= 0) report("memory is not limited");
        else if (maxMemory > 0 && memory > maxMemory) report(`memory is ${memory} MiB, more than ${maxMemory}`);
        if (memorySwap === -1) report("memorySwap is -1, so that swap is not limited");
        const pids = processLimit(args) ?? 0;
        if (pids <= 0) report("processes are not limited");
        else if (maxPids > 0 && pids > maxPids) report(`nproc is ${pids}, more than ${maxPids}`);
      },
    },
  });
}
