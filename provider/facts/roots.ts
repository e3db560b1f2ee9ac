/** Certificates in files that the settings name, the distribution's own roots, and since when the daemon runs. */
import type { RootFile, RunningFacts } from "../../domain/facts.ts";
import type { Host } from "../host.ts";
import { trustChanged } from "../trust/note.ts";
import { describeRoot, fingerprintOf, readPem } from "../trust/pem.ts";
import { distributionOwn, findStore } from "../trust/store.ts";
import { quietly } from "./quietly.ts";

const MOST_BYTES = 8 * 1024 ** 2;

export async function rootFile(host: Host, path: string): Promise<RootFile> {
  const nothing = (problem: string): RootFile => ({ path, roots: [], problem });
  const stat = await host.files.stat(path);
  if (stat === undefined) return nothing("does not exist");
  if (stat.kind === "folder") return nothing("is a folder; name the files in it");
  if (stat.size > MOST_BYTES) return nothing("is larger than 8 MiB; that is no file of certificates");
  let text: string;
  try {
    text = (await host.files.text(path)) ?? "";
  } catch (error) {
    return nothing(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const ders = readPem(text);
  if (text.includes("PRIVATE KEY-----"))
    return nothing("holds a private key; take it out, only certificates belong here");
  const begun = text.split("-----BEGIN ").length - 1;
  if (ders.length === 0) return nothing("has no certificate in it (PEM text is wanted, not DER)");
  if (begun !== ders.length)
    return nothing(`has ${begun} beginnings of PEM blocks, but ${ders.length} whole certificates`);
  const roots = [];
  for (const [index, der] of ders.entries()) {
    try {
      roots.push(describeRoot(der, host.now()));
    } catch {
      return nothing(`has something else than a certificate in block ${index + 1}`);
    }
  }
  return { path, roots, problem: "" };
}

export async function distributionRoots(host: Host): Promise<string[]> {
  const own = await distributionOwn(host, await findStore(host));
  return [...new Set(own.map(fingerprintOf))].sort();
}

/** Only for the daemon of this system: `/var/run/docker.pid` is where it says who it is. */
export async function runningFacts(host: Host): Promise<RunningFacts> {
  const [started, changed] = await Promise.all([
    quietly(dockerdStarted(host)),
    quietly(findStore(host).then((store) => trustChanged(host, store))),
  ]);
  return { dockerdStarted: started ?? "", trustChanged: changed ?? "" };
}

/** Kernel ticks since boot; 100 a second on every Linux that programs see. */
const TICKS = 100;

async function dockerdStarted(host: Host): Promise<string> {
  const pid = (await host.files.text("/var/run/docker.pid"))?.trim();
  if (pid === undefined || !/^\d+$/.test(pid)) return "";
  const [stat, uptime] = await Promise.all([host.files.text(`/proc/${pid}/stat`), host.files.text("/proc/uptime")]);
  // The name, in brackets, may hold spaces: fields are counted behind it. The start time is the 22nd of all.
  const ticks = Number(stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  // Not from `btime`, which is whole seconds: a daemon that was restarted at once would look older than the roots.
  const age = Number(uptime?.split(" ")[0]) - ticks / TICKS;
  return Number.isFinite(age) ? new Date(host.now().getTime() - age * 1000).toISOString() : "";
}
