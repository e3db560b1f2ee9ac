/** How far this system's clock is off: against Windows, or against the hardware clock where there is no Windows. */
import type { ClockFacts } from "../../domain/facts.ts";
import type { Host } from "../host.ts";
import { askClock, hasPowerShell } from "../interop/powershell.ts";

const RTC = "/sys/class/rtc/rtc0/since_epoch";

export async function clockFacts(host: Host): Promise<ClockFacts> {
  if (await hasPowerShell(host)) {
    try {
      const { windows, here } = await askClock(host);
      return { offsetSeconds: round((here - windows) / 1000), source: "windows" };
    } catch {
      // The reason stands in the facts about Windows; the hardware clock is the next best to compare with.
    }
  }
  const seconds = (await host.files.text(RTC).catch(() => undefined))?.trim() ?? "";
  if (!/^\d{6,}$/.test(seconds)) return { offsetSeconds: 0, source: "" };
  // It counts whole seconds, so on average half of one has gone by.
  return { offsetSeconds: round(host.now().getTime() / 1000 - Number(seconds) - 0.5), source: "rtc" };
}

const round = (seconds: number): number => Math.round(seconds * 10) / 10;
