/** The machine's own part of the plan: WSL's files, what follows Windows, Go outside containers. */
import type { Settings } from "../../config/schema.ts";
import type { Facts } from "../facts.ts";
import type { PendingChange } from "../restart/change.ts";
import { type FilePlan, planFiles } from "./files.ts";
import { stagingFolder } from "./mode.ts";

export interface MachineQuestion {
  stack: string;
  settings: Settings;
  facts: Facts;
  /** Folder of Pulumi.yaml. */
  root: string;
  home: string;
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
  /** Written, and not running yet. */
  pending: PendingChange[];
}

export function planMachine({ stack, settings, root, absolute }: MachineQuestion): MachinePlan {
  const { files, problems } = planFiles(settings.files, absolute);
  return { staging: stagingFolder(root, stack), files, pending: [], problems, warnings: [] };
}
