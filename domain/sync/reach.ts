/** Whether Windows could be asked, told once for roots, time zone and proxy together. */
import type { Facts } from "../facts.ts";

export function reachWarnings({ windows, system }: Pick<Facts, "windows" | "system">): string[] {
  if (windows.asOf !== undefined)
    return [`Windows cannot be asked now: ${windows.error}. What follows it stays as it was told on ${windows.asOf}.`];
  if (windows.error !== "")
    return [
      `Windows cannot be asked: ${windows.error}. Its roots, time zone and proxy are not taken over; set them under hostSync, or set hostSync.mode: off to hear no more of it.`,
    ];
  if (system.kind === "wsl" && windows.unreadable !== undefined)
    return [`Certificates of Windows left out because they cannot be read: ${windows.unreadable.join("; ")}.`];
  return [];
}
