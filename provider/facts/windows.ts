/**
 * What Windows says about its roots, time zone and proxy, in one question. The last answer is kept: a PowerShell that
 * hangs for once must not look like a Windows that has dropped its roots, or they would be taken away here.
 */
import path from "node:path";
import type { WindowsFacts } from "../../domain/facts.ts";
import { automountRoot } from "../../domain/windows/paths.ts";
import type { Host } from "../host.ts";
import { askWindows, hasPowerShell } from "../interop/powershell.ts";
import { notOnPath } from "../interop/run.ts";
import { systemFacts } from "./system.ts";

export const noWindows = (error = ""): WindowsFacts => ({
  reachable: false,
  error,
  profile: "",
  roots: [],
  timezone: "",
  proxy: { http: "", https: "", bypass: "", pac: "" },
});

/** Windows that is not there is no error on plain Linux, and starts nothing; in WSL the reason is told. */
export async function windowsFacts(host: Host): Promise<WindowsFacts> {
  if (!(await hasPowerShell(host))) {
    const { kind } = await systemFacts(host);
    return kind === "wsl" ? await lastAnswer(host, notOnPath("powershell.exe")) : noWindows();
  }
  try {
    const windows = await windowsAnswer(host);
    await keepAnswer(host, windows);
    return windows;
  } catch (error) {
    return await lastAnswer(host, error instanceof Error ? error.message : String(error));
  }
}

const keptIn = (host: Host): string => path.join(host.folders.state, "windows.json");

interface Kept {
  day: string;
  windows: WindowsFacts;
}

/** Written only when it says something new: this is asked on every run. */
async function keepAnswer(host: Host, windows: WindowsFacts): Promise<void> {
  const kept = await readKept(host);
  if (kept !== undefined && JSON.stringify(kept.windows) === JSON.stringify(windows)) return;
  const day = host.now().toISOString().slice(0, 10);
  try {
    await host.files.makeFolder(host.folders.state, 0o700);
    await host.files.write(keptIn(host), `${JSON.stringify({ day, windows } satisfies Kept)}\n`, { mode: 0o600 });
  } catch {
    // A full disk costs the memory of the last answer, not the answer.
  }
}

async function lastAnswer(host: Host, error: string): Promise<WindowsFacts> {
  const kept = await readKept(host);
  return kept === undefined ? noWindows(error) : { ...kept.windows, error, asOf: kept.day };
}

async function readKept(host: Host): Promise<Kept | undefined> {
  try {
    const kept = JSON.parse((await host.files.text(keptIn(host))) ?? "") as Partial<Kept>;
    return kept.windows?.reachable === true && typeof kept.day === "string" ? (kept as Kept) : undefined;
  } catch {
    return undefined;
  }
}

async function windowsAnswer(host: Host): Promise<WindowsFacts> {
  const [mounts, conf] = await Promise.all([host.files.text("/proc/self/mounts"), host.files.text("/etc/wsl.conf")]);
  return await askWindows(host, { automountRoot: automountRoot(mounts ?? "", conf ?? "") });
}
