/** Whether drift is looked for on a schedule, and when it was last. */
import { ageText, type LastDrift } from "../schedule/last.ts";
import type { TimerRecord } from "../schedule/record.ts";
import { type CheckDefinition, check } from "./check.ts";

export interface Schedule {
  timer: TimerRecord | undefined;
  last: LastDrift | undefined;
  now: number;
}

export const timerCheck: CheckDefinition = check(
  "drift-timer",
  "drift looked for on a schedule",
  "./workstation drift --install-timer",
  ({ schedule }) => {
    const { timer, last, now } = schedule();
    const when = last === undefined ? "never" : `${ageText(now - Date.parse(last.time))} ago`;
    if (timer === undefined) return ["skip", `no timer; last looked: ${when}`];
    const found = `every ${timer.every} (${timer.kind}); last looked: ${when}`;
    const late = last === undefined || now - Date.parse(last.time) > 2 * timer.minutes * 60_000;
    if (late)
      return ["warn", found, timer.kind === "systemd" ? "systemctl status 'go-workstation-drift-*'" : "crontab -l"];
    if (last.code === 1) return ["fail", `${found}: ${last.error ?? "it could not be told"}`, "./workstation drift"];
    return last.code === 2 ? ["warn", `${found}: drift`, "./workstation drift --last"] : ["pass", found];
  },
);
