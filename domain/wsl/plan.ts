/** WSL's two files out of settings and facts, and which of it waits for a restart. */
import { type Mode, resolveMode, stagingFolder, target } from "../machine/mode.ts";
import type { MachineQuestion, Told } from "../machine/plan.ts";
import type { PendingChange } from "../restart/change.ts";
import { isWsl1 } from "./cgroup.ts";
import {
  effectWarnings,
  ignoredByPolicy,
  kernelWarnings,
  policyWarnings,
  versionChecks,
  writtenKeys,
} from "./checks.ts";
import { extraProblems } from "./extra.ts";
import { pendingWsl } from "./pending.ts";
import { projectWarnings } from "./projects.ts";
import { FILE_NAME, type WslFile } from "./table.ts";
import { type IniValues, kernelArguments, wslConfValues, wslconfigValues } from "./values.ts";

/** Logical name of the component; its resources are named after it. */
export const WSL = "wsl";

export interface WslFilePlan {
  path: string;
  values: IniValues;
}

export interface WslPlan {
  mode: Exclude<Mode, "off">;
  /** A file that gets no key is left out. */
  files: Partial<Record<WslFile, WslFilePlan>>;
}

export interface WslAnswer extends Told {
  wsl: WslPlan | undefined;
  pending: PendingChange[];
}

export const resourceName = (component: string, file: WslFile): string => `${component}-${file.toLowerCase()}`;

export function planWsl({ stack, settings, facts, root }: MachineQuestion): WslAnswer {
  const warnings = projectWarnings(facts);
  const mode = resolveMode(settings.wsl.mode, facts.system);
  if (mode === "off") return { wsl: undefined, pending: [], problems: [], warnings };

  const question = { settings: settings.wsl, facts };
  const values = { wslconfig: wslconfigValues(question), wslConf: wslConfValues(question) };
  const written = [...writtenKeys("wslconfig", values.wslconfig), ...writtenKeys("wslConf", values.wslConf)];
  const problems = extraProblems(settings.wsl.extra);
  warnings.push(...effectWarnings(settings.wsl, facts, mode === "live"));
  if (facts.system.kind === "wsl") {
    const versions = versionChecks(written, facts);
    problems.push(...versions.problems);
    warnings.push(
      ...versions.warnings,
      ...policyWarnings(written, facts.wsl.policy),
      ...kernelWarnings(settings.wsl, facts, kernelArguments(question)),
    );
  }

  const staging = stagingFolder(root, stack);
  const profile = mode === "staged" ? `${staging}/windows` : facts.windows.profile;
  const files: WslPlan["files"] = {};
  if (hasKeys(values.wslconfig)) {
    if (profile === "") problems.push(noProfile(facts.windows.error));
    files.wslconfig = { path: `${profile}/${FILE_NAME.wslconfig}`, values: values.wslconfig };
  }
  if (hasKeys(values.wslConf)) {
    files.wslConf = { path: target(mode, staging, FILE_NAME.wslConf), values: values.wslConf };
  }

  const resources = { wslconfig: resourceName(WSL, "wslconfig"), wslConf: resourceName(WSL, "wslConf") };
  const runs = mode === "live" && facts.system.kind === "wsl" && !isWsl1(facts.machine);
  // What a policy forbids never comes to run: it is warned of, and no restart would bring it.
  const forbidden = new Set(
    written.filter((key) => ignoredByPolicy(key, facts.wsl.policy)).map(({ entry }) => `${entry.section}.${entry.key}`),
  );
  const pending = runs ? pendingWsl({ ...question, resources }).filter(({ field }) => !forbidden.has(field)) : [];
  return { wsl: { mode, files }, pending, problems, warnings };
}

const hasKeys = (values: IniValues): boolean => Object.keys(values).length > 0;

const noProfile = (error: string): string =>
  `wsl: ${FILE_NAME.wslconfig} belongs into your Windows profile, but where that is cannot be told${error === "" ? "" : ` (${error})`}. Check that \`powershell.exe -NoProfile -Command '$env:USERPROFILE'\` answers; with interop switched off, set wsl.mode to staged and copy the file.`;
