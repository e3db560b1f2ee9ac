/** Asks `wsl.exe` and `wslinfo`. Undefined where the program is not there or too old to know; other failures throw. */
import {
  type NetworkingMode,
  parseDistributions,
  parseNetworkingMode,
  parseRunning,
  parseWslInfoVersion,
  parseWslVersion,
  type WslDistribution,
  type WslVersions,
} from "../../domain/windows/wsl-output.ts";
import type { Host } from "../host.ts";
import { runWindows, windowsProgram } from "./run.ts";

const PATIENCE_MS = 10_000;

/** `wsl.exe --version`. */
export async function wslVersions(host: Host): Promise<WslVersions | undefined> {
  const output = await wsl(host, ["--version"]);
  return output === undefined ? undefined : parseWslVersion(output.stdout);
}

export type ListedDistribution = WslDistribution & { running: boolean };

/** All distributions of this Windows user. What runs is asked by itself, because the list names states in Windows' language. */
export async function wslDistributions(host: Host): Promise<ListedDistribution[] | undefined> {
  const [all, running] = await Promise.all([
    wsl(host, ["--list", "--verbose"]),
    wsl(host, ["--list", "--running", "--quiet"]),
  ]);
  if (all === undefined || running === undefined) return undefined;
  const found = parseDistributions(all.stdout);
  const names = parseRunning(
    running.stdout,
    found.map(({ name }) => name),
  );
  return found.map((distribution) => ({ ...distribution, running: names.includes(distribution.name) }));
}

/** `wslinfo --networking-mode`: what runs, whatever .wslconfig says. */
export async function wslNetworkingMode(host: Host): Promise<NetworkingMode | undefined> {
  const output = await wslinfo(host, "--networking-mode");
  return output === undefined ? undefined : parseNetworkingMode(output);
}

/** `wslinfo --wsl-version`: the cheapest way to the version, no program of Windows is started. */
export async function wslInfoVersion(host: Host): Promise<string | undefined> {
  const output = await wslinfo(host, "--wsl-version");
  return output === undefined ? undefined : parseWslInfoVersion(output);
}

async function wsl(host: Host, args: readonly string[]): Promise<{ stdout: string } | undefined> {
  if ((await windowsProgram(host, "wsl.exe")) === undefined) return undefined;
  return await runWindows(host, "wsl.exe", args, PATIENCE_MS);
}

async function wslinfo(host: Host, question: string): Promise<string | undefined> {
  if ((await windowsProgram(host, "wslinfo")) === undefined) return undefined;
  const { code, stdout } = await runWindows(host, "wslinfo", [question], PATIENCE_MS);
  return code === 0 ? stdout : undefined;
}
