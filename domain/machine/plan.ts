/** The machine's own part of the plan: WSL's files, what follows Windows, Go outside containers. */
import type { Settings } from "../../config/schema.ts";
import type { ResolvedTools } from "../compatibility.ts";
import type { Facts } from "../facts.ts";
import { type GoHostPlan, planGoHost } from "../go-host/plan.ts";
import type { PendingChange } from "../restart/change.ts";
import { type ProxyPlan, planProxy } from "../sync/proxy.ts";
import { reachWarnings } from "../sync/reach.ts";
import { planRoots, type RootsPlan } from "../sync/roots.ts";
import { planTime, type TimePlan } from "../sync/time.ts";
import { planWsl, type WslPlan } from "../wsl/plan.ts";
import { type FilePlan, planFiles } from "./files.ts";
import { stagingFolder } from "./mode.ts";

export interface MachineQuestion {
  stack: string;
  settings: Settings;
  facts: Facts;
  /** Folder of Pulumi.yaml. */
  root: string;
  home: string;
  /** One entry for each of go.versions. */
  tools: readonly ResolvedTools[];
  /** A path as written in settings, as one of this machine. */
  absolute: (path: string) => string;
}

/** Problems stop `up`; warnings are told. */
export interface Told {
  problems: string[];
  warnings: string[];
}

export interface MachinePlan extends Told {
  /** Root of staged files. */
  staging: string;
  files: FilePlan[];
  /** Absent when it is switched off. */
  wsl?: WslPlan;
  roots: RootsPlan;
  go?: GoHostPlan;
  time?: TimePlan;
  proxy?: ProxyPlan;
  /** Written, and not running yet. */
  pending: PendingChange[];
}

export function planMachine(question: MachineQuestion): MachinePlan {
  const { stack, settings, facts, root, absolute } = question;
  const files = planFiles(settings.files, absolute);
  const { wsl, ...answer } = planWsl(question);
  const go = planGoHost(question);
  const { roots, ...trust } = planRoots(question);
  const time = planTime(question);
  const proxy = planProxy(question);
  const parts = [answer, trust, ...[time, proxy].filter((part) => part !== undefined)];
  return {
    staging: stagingFolder(root, stack),
    files: files.files,
    ...(wsl === undefined ? {} : { wsl }),
    roots,
    ...(go === undefined ? {} : { go }),
    ...(time === undefined ? {} : { time }),
    ...(proxy === undefined ? {} : { proxy }),
    pending: [...answer.pending, ...trust.pending, ...(proxy?.pending ?? [])],
    problems: [...files.problems, ...parts.flatMap((part) => part.problems)],
    warnings: [
      ...(settings.hostSync.mode === "off" ? [] : reachWarnings(facts)),
      ...parts.flatMap((part) => part.warnings),
    ],
  };
}
