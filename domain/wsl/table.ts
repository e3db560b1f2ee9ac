/**
 * The documented settings of WSL, and what became of others. Sources:
 * - "Advanced settings configuration in WSL", Microsoft Learn, 2026-04-15: keys, types, defaults, Windows versions
 * - "Intune settings for WSL", Microsoft Learn: policies, `systemDistro` and `kernelDebugPort`
 * - WSL's own sources (WslCoreConfig, WslDistributionConfig, wslpolicies), 2026-08-08: what it reads without a word in
 *   its documentation, the names of policy values
 * - "Release Notes for Windows Subsystem for Linux" (build 18970: crossDistro, build 20211: pageReporting)
 * A first version that none of them states is left out instead of guessed.
 */
import type { BlastRadius } from "../restart/change.ts";
import { WSL_CONF_TABLE } from "./table-wsl-conf.ts";
import { WSLCONFIG_TABLE } from "./table-wslconfig.ts";

export type WslFile = "wslconfig" | "wslConf";
export type WslValueType = "boolean" | "size" | "integer" | "text" | "path" | "enum" | "list";

export interface WslKey {
  section: string;
  key: string;
  type: WslValueType;
  /** For `enum`. */
  values?: readonly string[];
  /** What WSL does without it, in words where it is no plain value. */
  default: string;
  /** First version of WSL that reads it. */
  since?: string;
  /** First Windows build, such as 22621. */
  windowsBuild?: number;
  /** Value below HKLM\Software\Policies\WSL that, when 0, makes WSL ignore the setting. */
  policy?: string;
  /** Our own setting below `wsl` that writes it. */
  setting?: string;
  /** Its section until it left `[experimental]`. WSL still reads it there. */
  movedFrom?: string;
  /** Why it cannot be set here: obsolete, or documented nowhere. */
  refused?: string;
}

export const TABLE: Readonly<Record<WslFile, readonly WslKey[]>> = {
  wslconfig: WSLCONFIG_TABLE,
  wslConf: WSL_CONF_TABLE,
};

/** `.wslconfig` is read when the virtual machine starts, `/etc/wsl.conf` when the distribution does. */
export const NEEDS: Readonly<Record<WslFile, BlastRadius>> = { wslconfig: "wsl-shutdown", wslConf: "wsl-terminate" };

export const FILE_NAME: Readonly<Record<WslFile, string>> = { wslconfig: ".wslconfig", wslConf: "/etc/wsl.conf" };

/** WSL compares names of sections and keys without regard to case. */
const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export const findKey = (file: WslFile, section: string, key: string): WslKey | undefined =>
  TABLE[file].find((entry) => same(entry.section, section) && same(entry.key, key));

/** Entries that have this name in another section. */
export const elsewhere = (file: WslFile, section: string, key: string): WslKey[] =>
  TABLE[file].filter((entry) => same(entry.key, key) && !same(entry.section, section));

export const sections = (file: WslFile): string[] => [
  ...new Set(TABLE[file].flatMap(({ section, refused }) => (refused === undefined ? [section] : []))),
];

export const keysOf = (file: WslFile, section: string): string[] =>
  TABLE[file].flatMap((entry) => (same(entry.section, section) && entry.refused === undefined ? [entry.key] : []));
