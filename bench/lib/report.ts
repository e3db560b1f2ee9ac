/** Prints a measurement as a table and writes it as JSON; says what machine it was, without names or paths. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import type { Summary } from "./measure.ts";

export interface Machine {
  processor: string;
  cores: number;
  memoryGiB: number;
  system: string;
  kernel: string;
  node: string;
  docker: string;
  /** Average over the last minute when the measurement began. Above the number of cores, figures are not to be trusted. */
  load: number;
}

function ask(file: string, ...args: string[]): string {
  try {
    return execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "unknown";
  }
}

export function machine(): Machine {
  const processors = cpus();
  const name = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "unknown";
  return {
    processor: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: name,
    kernel: ask("uname", "-r"),
    node: process.versions.node,
    docker: ask("docker", "version", "--format", "{{.Server.Version}}"),
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>((all, row) => row.map((cell, i) => Math.max(all[i] ?? 0, cell.length)), []);
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
    )
    .join("\n");
}

const seconds = (value: number): string => value.toFixed(2);

export function summaryRows(summaries: readonly Summary[]): string[][] {
  return [
    ["", "median s", "min", "max", "runs"],
    ...summaries.map((s) => [s.name, seconds(s.median), seconds(s.min), seconds(s.max), `${s.seconds.length}`]),
  ];
}

/** `--name value` and `--name=value`; a flag without value is "true". */
export function options(argv: readonly string[], known: readonly string[]): Record<string, string> {
  const given: Record<string, string> = {};
  for (let i = 0; i < argv.length; i++) {
    const [, name = "", inline] = /^--([a-z-]+)(?:=(.*))?$/.exec(argv[i] ?? "") ?? [];
    if (!known.includes(name)) {
      throw new Error(`unknown argument ${argv[i]}; known are ${known.map((one) => `--${one}`).join(", ")}`);
    }
    const next = argv[i + 1];
    if (inline !== undefined) given[name] = inline;
    else if (next !== undefined && !next.startsWith("--")) {
      given[name] = next;
      i++;
    } else given[name] = "true";
  }
  return given;
}

export function positive(value: string, name: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} ${value}: must be a whole number from 1 on`);
  return number;
}

export function writeJson(file: string | undefined, result: object): void {
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
}
