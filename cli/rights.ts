/** Which files a run of the engine can only write through root. Nobody is asked for a run that changes none of them. */

import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { DriftEntry } from "../domain/drift/summary.ts";
import { pathsForRoot, privilegedPaths, type RootQuestion } from "../domain/machine/privileged.ts";
import type { Plan } from "../domain/plan.ts";
import { type Deployment, machineResources, type StateResource } from "./engine/checkpoint.ts";
import { isRoot, mayReplace } from "./setup/privilege.ts";

const ours = (deployment: Deployment): StateResource[] =>
  machineResources(deployment).filter(({ type }) => type.startsWith("workstation:"));

const content = ({ id, inputs, outputs }: StateResource): object => ({ id, inputs, outputs });

export interface UpRights {
  plan: Plan;
  deployment: Deployment;
  drifted: readonly DriftEntry[];
  /** The machine's part of the plan is that of the last run that succeeded. */
  samePlan: boolean;
}

export function rightsForUp({ plan, deployment, drifted, samePlan }: UpRights): string[] {
  const state = ours(deployment);
  const differ = new Set(drifted.map(({ urn }) => urn));
  const touched = state.some((one) => differ.has(one.urn) && privilegedPaths(content(one)).length > 0);
  const interrupted = (deployment.pending_operations ?? []).length > 0;
  return ask({ plan: plan.machine, state: state.map(content), same: samePlan && !touched && !interrupted });
}

export function rightsForDestroy(deployment: Deployment): string[] {
  return ask({ plan: undefined, state: ours(deployment).map(content), same: false });
}

const ask = (question: Omit<RootQuestion, "writable">): string[] =>
  isRoot() ? [] : pathsForRoot({ ...question, writable: (path) => mayReplace(path) || isOfOtherStore(path) });

/** All certificates of a kind of trust store that another distribution has. */
const isOfOtherStore = (path: string): boolean => path.includes("*") && !existsSync(dirname(path));
