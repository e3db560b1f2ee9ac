/** What a person is told at the end of `up`. */
import type { Context } from "./context.ts";
import type { Deployment } from "./engine/checkpoint.ts";
import { type Counts, countsLine, hasChanges } from "./engine/summary.ts";
import type { Pending } from "./restart/pending.ts";
import { table } from "./table.ts";
import { seconds } from "./terminal.ts";

export interface Outcome {
  stack: string;
  deployment: Deployment;
  counts: Counts;
  /** True when the engine did not have to run. */
  same: boolean;
  /** True when the smoke test ran. */
  tried: boolean;
  pending: Pending;
}

export interface ProjectOutput {
  container: string;
  containerId: string;
  image: string;
  goVersion: string;
  path: string;
  ports: { container: number; host: number }[];
}

export interface StackOutputs {
  projects?: Record<string, ProjectOutput>;
  smokeTest?: { project: string; output: string } | null;
}

/** Outputs of the program, as the engine's state has them. */
export function stackOutputs(deployment: Deployment): StackOutputs {
  const stack = (deployment.resources ?? []).find((resource) => resource.type === "pulumi:pulumi:Stack");
  return (stack?.outputs ?? {}) as StackOutputs;
}

export function printOutcome(context: Context, outcome: Outcome, millis: number): void {
  const { projects = {}, smokeTest } = stackOutputs(outcome.deployment);
  if (context.globals.json) {
    const { stack, counts, pending } = outcome;
    const took = Math.round(millis / 100) / 10;
    const waiting = { pending: pending.changes, restart: pending.steps };
    context.print(JSON.stringify({ stack, ...counts, seconds: took, projects, smokeTest, ...waiting }));
    return;
  }
  const names = Object.keys(projects).sort();
  if (names.length > 0) {
    context.print(
      table(
        ["PROJECT", "GO", "CONTAINER", "FOLDER"],
        names.map((name) => {
          const project = projects[name];
          return [name, project?.goVersion ?? "", project?.container ?? "", project?.path ?? ""];
        }),
      ),
    );
  }
  if (typeof smokeTest?.output === "string" && outcome.tried) {
    context.print(`\nTried out in ${smokeTest.project}'s container:`);
    for (const line of smokeTest.output.trim().split("\n")) context.print(`  ${line}`);
  }
  const why = outcome.same ? "Nothing changed since the last run" : `The workstation "${outcome.stack}" is ready`;
  context.print(`\n${why}: ${countsLine(outcome.counts)} (${seconds(millis)}).`);
  const first = smokeTest?.project ?? names[0];
  if (first !== undefined && hasChanges(outcome.counts)) context.print(`Go in: ./workstation shell ${first}`);
}
