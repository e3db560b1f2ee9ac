/** Time zone and clock: what is written, from settings and facts. */
import type { Facts } from "../facts.ts";
import { type Mode, resolveMode, stagingFolder, target } from "../machine/mode.ts";
import type { MachineQuestion, Told } from "../machine/plan.ts";
import {
  CLOCK_SCRIPT,
  CLOCK_SERVICE,
  CLOCK_TIMER,
  renderClockScript,
  renderClockService,
  renderClockTimer,
  TIMER_UNIT,
} from "../time/clock-files.ts";
import { ianaZone } from "../time/zones.ts";
import type { SyncFile } from "./files.ts";

export interface TimePlan extends Told {
  /** `root` is `/`, or the staging folder. Undefined: the zone is left alone. */
  timezone: { zone: string; root: string } | undefined;
  /** What the time zone writes. */
  timezoneFiles: string[];
  clock: ClockPlan | undefined;
}

export interface ClockPlan {
  files: SyncFile[];
  /** The timer to enable; undefined when staged: nothing is started. */
  unit: string | undefined;
}

const TIMEZONE_FILES = ["/etc/localtime", "/etc/timezone"];

export type SyncQuestion = Pick<MachineQuestion, "stack" | "settings" | "facts" | "root">;

/** Undefined when there is nothing to do and nothing to say. */
export function planTime(question: SyncQuestion): TimePlan | undefined {
  const { settings, facts, root, stack } = question;
  const mode = resolveMode(settings.hostSync.mode, facts.system);
  if (mode === "off") return undefined;
  const staging = stagingFolder(root, stack);
  const told: Told = { problems: [], warnings: [] };
  const zone = planZone(settings.hostSync.timezone, facts, told);
  const timezone = zone === undefined ? undefined : { zone, root: mode === "staged" ? staging : "/" };
  const clock = settings.hostSync.clock ? planClock(mode, staging, facts, told) : undefined;
  const idle = timezone === undefined && clock === undefined && told.problems.length + told.warnings.length === 0;
  const timezoneFiles = timezone === undefined ? [] : TIMEZONE_FILES.map((path) => target(mode, staging, path));
  return idle ? undefined : { timezone, timezoneFiles, clock, ...told };
}

function planZone(written: string, facts: Facts, told: Told): string | undefined {
  if (written === "off") return undefined;
  if (written !== "auto") {
    if (facts.system.kind === "wsl" && windowsZone(facts) !== written) {
      told.warnings.push(
        `hostSync.timezone is ${written}, Windows' is another. WSL sets Windows' zone when the distribution starts, unless wsl.distro.useWindowsTimezone is false.`,
      );
    }
    return written;
  }
  if (!facts.windows.reachable || facts.windows.timezone === "") return undefined;
  const answer = ianaZone(facts.windows.timezone);
  if ("zone" in answer) return answer.zone;
  told.warnings.push(`The time zone is left alone: ${answer.problem}`);
  return undefined;
}

function windowsZone(facts: Facts): string | undefined {
  const answer = ianaZone(facts.windows.timezone);
  return "zone" in answer ? answer.zone : undefined;
}

function planClock(mode: Mode, staging: string, facts: Facts, told: Told): ClockPlan | undefined {
  if (mode === "live") {
    // Elsewhere the kernel itself sets the clock when it wakes up.
    if (facts.system.kind !== "wsl") return undefined;
    if (facts.machine.init !== "systemd") {
      told.warnings.push(
        "The clock is not set right after Windows slept, because that is done by a systemd timer and systemd does not run here. Set wsl.distro.systemd: true, or run `sudo hwclock --hctosys` when the clock is off, or set hostSync.clock: false to hear no more of it.",
      );
      return undefined;
    }
  }
  const file = (name: string, path: string, content: string, permissions: string): SyncFile => ({
    name,
    path: target(mode, staging, path),
    content,
    permissions,
  });
  return {
    files: [
      file("script", CLOCK_SCRIPT, renderClockScript(powershellPath(facts)), "0755"),
      file("service", CLOCK_SERVICE, renderClockService(), "0644"),
      file("timer", CLOCK_TIMER, renderClockTimer(), "0644"),
    ],
    unit: mode === "live" ? TIMER_UNIT : undefined,
  };
}

/** On the drive that holds the user's profile, which is Windows' own on all but a few machines. */
function powershellPath({ windows, system }: Facts): string {
  const drive = /^(\/(?:[A-Za-z0-9._-]+\/)*[a-z])\//.exec(windows.profile)?.[1] ?? "/mnt/c";
  return system.kind === "wsl" || windows.reachable
    ? `${drive}/Windows/System32/WindowsPowerShell/v1.0/powershell.exe`
    : "";
}
