/** How often: `15m`, `1h`, `1d`. */
import { CliError } from "../errors.ts";

const MINUTES = { m: 1, h: 60, d: 24 * 60 } as const;
const LEAST = 5;
const MOST = 7 * 24 * 60;

export interface Interval {
  /** As written. */
  text: string;
  minutes: number;
}

export function parseInterval(text: string): Interval {
  const [, count = "", unit = ""] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  const minutes = Number(count) * (MINUTES[unit as keyof typeof MINUTES] ?? 0);
  if (count === "" || minutes < LEAST || minutes > MOST) {
    throw new CliError(
      `--every ${JSON.stringify(text)}: must be a number followed by m, h or d, from 5m to 7d, such as 1h.`,
    );
  }
  return { text, minutes };
}

/** cron knows calendar steps only: an interval has to divide an hour, a day or be whole days. */
export function cronTimes({ text, minutes }: Interval): string {
  if (minutes < 60 && 60 % minutes === 0) return `*/${minutes} * * * *`;
  const hours = minutes / 60;
  if (Number.isInteger(hours) && hours < 24 && 24 % hours === 0) return `7 ${hours === 1 ? "*" : `*/${hours}`} * * *`;
  if (minutes % (24 * 60) === 0) return `7 9 ${minutes === 24 * 60 ? "*" : `*/${minutes / (24 * 60)}`} * *`;
  throw new CliError(
    `--every ${text}: cron, which has to do it here, can only divide an hour or a day evenly: 5m, 10m, 15m, 20m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, 12h, 1d and whole days.`,
  );
}
