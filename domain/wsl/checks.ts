/** What this machine makes of the settings: too old a WSL or Windows, a policy, settings without effect. */
import type { WslSettings } from "../../config/wsl.ts";
import type { Facts } from "../facts.ts";
import type { Told } from "../machine/plan.ts";
import { compareVersions } from "../versions.ts";
import { CGROUP_V2_ARGUMENTS, isWsl1, runsWithOurArguments } from "./cgroup.ts";
import { FILE_NAME, findKey, type WslFile, type WslKey } from "./table.ts";
import { WINDOWS_11, WINDOWS_11_22H2 } from "./table-wslconfig.ts";
import type { IniValues } from "./values.ts";

export interface WrittenKey {
  file: WslFile;
  entry: WslKey;
  value: string;
}

/** What is written, each with its row of the table. */
export const writtenKeys = (file: WslFile, values: IniValues): WrittenKey[] =>
  Object.entries(values).flatMap(([section, keys]) =>
    Object.entries(keys).flatMap(([key, value]) => {
      const entry = findKey(file, section, key);
      return entry === undefined ? [] : [{ file, entry, value }];
    }),
  );

/** As messages call it: the setting to change. */
export const nameOf = ({ file, entry }: WrittenKey): string =>
  `wsl.${entry.setting ?? `extra.${file}.${entry.section}.${entry.key}`}`;

const buildOf = ({ entry, value }: WrittenKey): number | undefined =>
  entry.key === "networkingMode" && value === "mirrored" ? WINDOWS_11_22H2 : entry.windowsBuild;

const windowsName = (build: number): string =>
  build === WINDOWS_11_22H2 ? "Windows 11 22H2" : build === WINDOWS_11 ? "Windows 11" : "Windows";

/** Only inside WSL: elsewhere the files are for another machine. */
export function versionChecks(written: readonly WrittenKey[], facts: Pick<Facts, "wsl" | "windows">): Told {
  const problems: string[] = [];
  const unchecked: string[] = [];
  const { version } = facts.wsl;
  const { build } = facts.windows;
  for (const key of written) {
    const { since } = key.entry;
    const wanted = buildOf(key);
    if (since !== undefined && version !== "" && compareVersions(version, since) < 0) {
      problems.push(
        `${nameOf(key)}: needs WSL ${since} or newer, this is ${version}. \`wsl.exe --update\`, or take it out.`,
      );
    }
    if (wanted !== undefined && build !== undefined && build < wanted) {
      problems.push(
        `${nameOf(key)}: needs ${windowsName(wanted)} (build ${wanted}), this is build ${build}. Take it out.`,
      );
    }
    if (since !== undefined && version === "") unchecked.push(`${nameOf(key)} (WSL ${since})`);
    if (wanted !== undefined && wanted >= WINDOWS_11 && build === undefined)
      unchecked.push(`${nameOf(key)} (${windowsName(wanted)})`);
  }
  const warnings =
    unchecked.length === 0
      ? []
      : [
          `The version of WSL or Windows is not known, so whether it has these is not checked: ${unchecked.join(", ")}.`,
        ];
  return { problems, warnings };
}

/** The numbers under which the policy stores a mode. */
const MODES: Record<string, string> = { "0": "none", "1": "nat", "3": "mirrored", "4": "virtioproxy" };

/** A policy of 0 puts the value back to WSL's own: what that is already is not lost. */
export function ignoredByPolicy({ entry, value }: WrittenKey, policy: Facts["wsl"]["policy"]): boolean {
  if (entry.policy === undefined || policy[entry.policy] !== "0") return false;
  if (entry.key === "firewall") return value === "false";
  if (entry.key === "nestedVirtualization") return value === "true";
  if (entry.key === "networkingMode") {
    return value !== "none" && value !== (MODES[policy.DefaultNetworkingMode ?? ""] ?? "nat");
  }
  return true;
}

export const policyWarnings = (written: readonly WrittenKey[], policy: Facts["wsl"]["policy"]): string[] =>
  written
    .filter((key) => ignoredByPolicy(key, policy))
    .map(
      (key) =>
        `${nameOf(key)}: WSL ignores it here, because the policy ${key.entry.policy} of this machine forbids it. Ask who manages the machine, or take it out.`,
    );

export function effectWarnings(
  settings: WslSettings,
  facts: Pick<Facts, "system" | "machine">,
  live: boolean,
): string[] {
  const warnings: string[] = [];
  const mirrored = settings.networkingMode === "mirrored";
  if (live && facts.system.kind !== "wsl") {
    warnings.push(`wsl.mode: live writes ${FILE_NAME.wslConf}, but nothing reads it here: this is no WSL machine.`);
  }
  if (facts.system.kind === "wsl" && isWsl1(facts.machine)) {
    warnings.push(
      `wsl: this distribution runs as WSL 1, which reads nothing of ${FILE_NAME.wslconfig} and has neither systemd nor Docker. \`wsl.exe --set-version NAME 2\` converts it.`,
    );
  }
  if (mirrored && settings.localhostForwarding !== undefined)
    warnings.push("wsl.localhostForwarding: has no effect with networkingMode: mirrored.");
  if (mirrored && settings.firewall === false)
    warnings.push("wsl.firewall: has no effect with networkingMode: mirrored, which always has the firewall on.");
  if (settings.dnsProxy !== undefined && settings.networkingMode !== undefined && settings.networkingMode !== "nat")
    warnings.push("wsl.dnsProxy: has an effect with networkingMode: nat only.");
  if (settings.distro.interop.enabled === false) {
    warnings.push(
      "wsl.distro.interop.enabled: without it nothing here can start Windows programs: `up` cannot reach .wslconfig, Windows' roots, time zone or proxy any more.",
    );
  }
  return warnings;
}

/** Our line takes the place of a person's: they are told once, before it runs. */
export function kernelWarnings(
  settings: WslSettings,
  facts: Pick<Facts, "machine">,
  kernelArguments: readonly string[],
): string[] {
  const ours = CGROUP_V2_ARGUMENTS.every((word) => kernelArguments.includes(word));
  if (!ours || settings.kernelCommandLine !== undefined || runsWithOurArguments(facts.machine)) return [];
  return [
    `WSL runs without cgroup v2 here, so ${FILE_NAME.wslconfig} gets kernelCommandLine = ${kernelArguments.join(" ")}. Arguments of your own belong into wsl.kernelCommandLine; cgroupV2: never leaves ours out.`,
  ];
}
