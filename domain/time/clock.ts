/** What to do about a clock that is off. */
import type { ClockFacts } from "../facts.ts";

/** Seconds. The hardware clock counts whole seconds, so less than two cannot be told from its rounding. */
export const CLOCK_LIMIT = 2;

export type ClockAction =
  | { do: "nothing"; because: string }
  | { do: "step"; direction: "forward" | "back"; seconds: number; because: string };

/** `offsetSeconds` is how far this system is ahead, so a clock that is ahead steps back. */
export function judgeClock(clock: ClockFacts, limit = CLOCK_LIMIT): ClockAction {
  if (clock.source === "") return { do: "nothing", because: "there is no clock to compare with" };
  const seconds = Math.abs(clock.offsetSeconds);
  const direction = clock.offsetSeconds > 0 ? "back" : "forward";
  const found = `${seconds.toFixed(1)} s ${direction === "back" ? "ahead of" : "behind"} ${sourceName(clock.source)}`;
  if (seconds <= limit) return { do: "nothing", because: found };
  return { do: "step", direction, seconds, because: found };
}

const sourceName = (source: string): string =>
  source === "rtc" ? "the hardware clock" : source === "windows" ? "Windows" : source;
