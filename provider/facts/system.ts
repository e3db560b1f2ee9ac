/** The distribution, WSL, the Docker daemon and the proxies. */
import os from "node:os";
import type { Arch, DockerFacts, SystemFacts } from "../../domain/facts.ts";
import { OURS } from "../../domain/proxy/files.ts";
import { dockerGet } from "../docker.ts";
import type { Host } from "../host.ts";
import { quietly } from "./quietly.ts";

export async function systemFacts(host: Host): Promise<SystemFacts> {
  const [release, wsl] = await Promise.all([quietly(host.files.text("/etc/os-release")), runsInWsl(host)]);
  const values = shellValues(release ?? "");
  return {
    kind: wsl ? "wsl" : "linux",
    distribution: values.ID ?? "",
    codename: values.VERSION_CODENAME ?? "",
    arch: machineArch(),
  };
}

export function machineArch(): Arch {
  return os.arch() === "arm64" ? "arm64" : "amd64";
}

/** A container on a WSL machine has the same kernel, but none of WSL's services. */
export async function runsInWsl(host: Host): Promise<boolean> {
  const [kernel, container] = await Promise.all([
    quietly(host.files.text("/proc/sys/kernel/osrelease")),
    quietly(host.files.stat("/.dockerenv")),
  ]);
  return /microsoft/i.test(kernel ?? "") && container === undefined;
}

function shellValues(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const found = /^([A-Z_]+)=(["']?)(.*)\2$/.exec(line.trim());
    if (found?.[1] !== undefined) values[found[1]] = found[3] ?? "";
  }
  return values;
}

/** A daemon that hangs must not hang every run; one on a machine that is busy with builds takes seconds. */
const patienceMs = 15_000;

export async function dockerFacts(host: Host): Promise<DockerFacts> {
  const facts: DockerFacts = {
    reachable: false,
    error: "",
    flavour: "unknown",
    version: "",
    platform: "",
    host: "",
    cgroupVersion: "",
  };
  try {
    const endpoint = host.dockerEndpoint();
    facts.host = endpoint.host;
    const info = (await dockerGet(endpoint, "/info", patienceMs)) as Partial<Record<string, string>> & {
      LiveRestoreEnabled?: boolean;
    };
    const desktop = info.OperatingSystem === "Docker Desktop" || info.Name === "docker-desktop";
    return {
      ...facts,
      reachable: true,
      flavour: desktop ? "desktop" : "engine",
      version: info.ServerVersion ?? "",
      platform: `${info.OSType ?? ""}/${info.Architecture ?? ""}`,
      // Engines before 20.10 do not say; they know version 1 only.
      cgroupVersion: info.CgroupVersion === "2" ? "2" : "1",
      liveRestore: info.LiveRestoreEnabled === true,
      proxy: { http: info.HttpProxy ?? "", https: info.HttpsProxy ?? "", noProxy: info.NoProxy ?? "" },
    };
  } catch (error) {
    return { ...facts, error: error instanceof Error ? error.message : String(error) };
  }
}

/** Upper case wins where both are set, as in Go. */
export function proxyFacts(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const proxy: Record<string, string> = {};
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]) {
    const value = env[name] || env[name.toLowerCase()];
    if (value) proxy[name] = value;
  }
  return proxy;
}

/** Whether the variables above are those of our own profile script. Undefined where no shell called us: nothing is old then. */
export function proxyIsOurs(env: Readonly<Record<string, string | undefined>>): boolean | undefined {
  const now = `${env.HTTP_PROXY ?? ""} ${env.HTTPS_PROXY ?? ""} ${env.NO_PROXY ?? ""}`;
  if (env[OURS] === now) return true;
  return env.TERM === undefined ? undefined : false;
}
