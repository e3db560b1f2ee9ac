/** What timer is there. Apart from how it is installed: the engine's environment has it on every run. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../errors.ts";

/** What was installed, so that it is found again whatever runs here later. */
export interface TimerRecord {
  kind: "systemd" | "cron";
  every: string;
  minutes: number;
}

export const recordFile = (stateDir: string, stack: string): string => join(stateDir, "drift", `${stack}.timer.json`);

export function readTimer(stateDir: string, stack: string): TimerRecord | undefined {
  try {
    return JSON.parse(readFileSync(recordFile(stateDir, stack), "utf8")) as TimerRecord;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** How often `drift` runs by itself, such as `1h`; empty for never. The program puts it among the stack's outputs. */
export const driftCheck = (stateDir: string, stack: string): { WORKSTATION_DRIFT_CHECK: string } => ({
  WORKSTATION_DRIFT_CHECK: readTimer(stateDir, stack)?.every ?? "",
});
