/** The machine's own part of the plan: WSL's files, what follows Windows, Go outside containers. */
import type { Settings } from "../../config/schema.ts";
import type { Facts } from "../facts.ts";
import type { PendingChange } from "../restart/change.ts";
import { stagingFolder } from "./mode.ts";

export interface MachineQuestion {
  stack: string;
  settings: Settings;
  facts: Facts;
  /** Folder of Pulumi.yaml. */
  root: string;
  home: string;
}

/** Problems stop `up`; warnings are told. */
export interface Told {
  problems: string[];
  warnings: string[];
}

export interface MachinePlan extends Told {
  /** Root of staged files. */
  staging: string;
  /** Written, and not running yet. */
  pending: PendingChange[];
}

export function planMachine({ stack, root }: MachineQuestion): MachinePlan {
  return { staging: stagingFolder(root, stack), pending: [], problems: [], warnings: [] };
}
