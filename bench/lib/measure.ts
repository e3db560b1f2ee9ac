/** Times commands pair by pair and says what came out, with its spread. */
import { spawnSync } from "node:child_process";

export interface Command {
  name: string;
  argv: readonly [string, ...string[]];
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** What the output of a run that did what it should must have; a run that did something else is no measurement. */
  expect?: RegExp;
  /** Exit codes of such a run. Default: 0. */
  exit?: readonly number[];
}

export interface Summary {
  name: string;
  /** Seconds, in the order in which they were taken. */
  seconds: number[];
  median: number;
  min: number;
  max: number;
}

const round = (value: number): number => Math.round(value * 1000) / 1000;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  if (low === undefined || high === undefined) throw new Error("median of no values");
  return (low + high) / 2;
}

export function run({ name, argv, cwd, env, expect, exit = [0] }: Command): number {
  const [file, ...args] = argv;
  const start = performance.now();
  const done = spawnSync(file, args, { cwd, env, encoding: "utf8", maxBuffer: 64 << 20 });
  const seconds = (performance.now() - start) / 1000;
  const output = `${done.stdout ?? ""}${done.stderr ?? ""}`;
  if (done.error !== undefined) throw new Error(`${name}: ${done.error.message}`);
  if (done.status === null || !exit.includes(done.status)) {
    throw new Error(`${name}: \`${argv.join(" ")}\` ended with ${done.status ?? done.signal}:\n${output}`);
  }
  if (expect !== undefined && !expect.test(output)) {
    throw new Error(`${name}: \`${argv.join(" ")}\` did not say ${expect}:\n${output}`);
  }
  return seconds;
}

export function summarise(name: string, seconds: readonly number[]): Summary {
  return {
    name,
    seconds: seconds.map(round),
    median: round(median(seconds)),
    min: round(Math.min(...seconds)),
    max: round(Math.max(...seconds)),
  };
}

/**
 * Runs the commands in turn, the other way round in every second round, so that a slow minute of the machine falls on
 * all of them. The first round warms caches and does not count.
 */
export function measure(commands: readonly Command[], rounds: number): Summary[] {
  const seconds = new Map<Command, number[]>(commands.map((command) => [command, []]));
  for (let index = 0; index <= rounds; index++) {
    for (const command of index % 2 === 0 ? commands : commands.toReversed()) {
      const took = run(command);
      if (index > 0) seconds.get(command)?.push(took);
      process.stderr.write(
        `${index === 0 ? "warm-up" : `round ${index}/${rounds}`}  ${command.name}  ${took.toFixed(2)} s\n`,
      );
    }
  }
  return commands.map((command) => summarise(command.name, seconds.get(command) ?? []));
}

/** The median of the ratios within each round: a drift of the whole machine cancels out. */
export function ratio(ours: Summary, theirs: Summary): number {
  return round(median(ours.seconds.map((value, i) => value / (theirs.seconds[i] ?? Number.NaN))));
}

/** Least squares: seconds at no object, and seconds that each further one costs. */
export function line(points: readonly { objects: number; seconds: number }[]): { floor: number; perObject: number } {
  const n = points.length;
  const meanX = points.reduce((sum, p) => sum + p.objects, 0) / n;
  const meanY = points.reduce((sum, p) => sum + p.seconds, 0) / n;
  const spread = points.reduce((sum, p) => sum + (p.objects - meanX) ** 2, 0);
  const slope = points.reduce((sum, p) => sum + (p.objects - meanX) * (p.seconds - meanY), 0) / spread;
  return { floor: round(meanY - slope * meanX), perObject: Math.round(slope * 1e6) / 1e6 };
}
