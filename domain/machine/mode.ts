/** Whether the machine's own files are written, or the same files into a staging folder. */
import type { Facts } from "../facts.ts";

export type WrittenMode = "auto" | "live" | "staged" | "off";
export type Mode = Exclude<WrittenMode, "auto">;

export function resolveMode(written: WrittenMode, system: Pick<Facts["system"], "kind">): Mode {
  if (written !== "auto") return written;
  return system.kind === "wsl" ? "live" : "staged";
}

/** Where a path of the machine is written: itself, or the same path below the staging folder. */
export const target = (mode: Mode, staging: string, path: string): string =>
  mode === "staged" ? `${staging}${path}` : path;

export const stagingFolder = (root: string, stack: string): string => `${root}/.workstation/${stack}/machine`;
