/** The proxy on the machine itself: one file of values, read by login shells and by the Docker daemon. */
import type { Facts } from "../facts.ts";
import { type Mode, resolveMode, stagingFolder, target } from "../machine/mode.ts";
import type { Told } from "../machine/plan.ts";
import {
  PROXY_DOCKERD,
  PROXY_ENV,
  PROXY_PROFILE,
  renderDockerdDropIn,
  renderProxyEnv,
  renderProxyProfile,
} from "../proxy/files.ts";
import { LOOPBACK, type ProxyValues, proxyVariables, resolveProxy } from "../proxy/resolve.ts";
import type { PendingChange } from "../restart/change.ts";
import type { SyncFile } from "./files.ts";
import type { SyncQuestion } from "./time.ts";

export interface ProxyPlan extends Told {
  /** Values, profile and drop-in, in this order; empty when there is no proxy to write. */
  files: SyncFile[];
  /** The unit that reads the drop-in; undefined where systemd is not told. */
  unit: string | undefined;
  pending: PendingChange[];
}

/** Undefined when there is nothing to do and nothing to say. */
export function planProxy({ settings, facts, root, stack }: SyncQuestion): ProxyPlan | undefined {
  const mode = resolveMode(settings.hostSync.mode, facts.system);
  if (mode === "off") return undefined;
  const resolved = resolveProxy({ settings: settings.hostSync, facts });
  const told: Told = { problems: [...resolved.problems], warnings: [...resolved.warnings] };
  const written = resolved.source === "settings" || resolved.source === "windows" ? resolved.values : undefined;
  const dockerd = written !== undefined && reachesDockerd(mode, facts, told);
  const files = written === undefined ? [] : planFiles(written, dockerd, mode, stagingFolder(root, stack));
  const pending = mode === "live" ? pendingChanges(written, dockerd, facts) : [];
  const idle = files.length + pending.length + told.problems.length + told.warnings.length === 0;
  if (idle) return undefined;
  return { files, unit: dockerd && mode === "live" ? "docker.service" : undefined, pending, ...told };
}

function planFiles(values: ProxyValues, dockerd: boolean, mode: Mode, staging: string): SyncFile[] {
  const file = (name: string, path: string, content: string): SyncFile => ({
    name,
    path: target(mode, staging, path),
    content,
    permissions: "0644",
  });
  return [
    file("env", PROXY_ENV, renderProxyEnv(values)),
    file("profile", PROXY_PROFILE, renderProxyProfile()),
    ...(dockerd ? [file("dockerd", PROXY_DOCKERD, renderDockerdDropIn())] : []),
  ];
}

/** Whether the daemon reads our file; says where its proxy is set when it does not. */
function reachesDockerd(mode: Mode, { docker, machine }: Facts, told: Told): boolean {
  if (docker.flavour === "desktop") {
    told.warnings.push(
      "Docker Desktop's daemon runs on Windows and has its own proxy: set it there, under Settings > Resources > Proxies. Nothing is written for it here.",
    );
    return false;
  }
  if (mode === "live" && machine.init !== "systemd") {
    told.warnings.push(
      'The Docker daemon does not follow the proxy, because systemd, which would hand it over, does not run here. Set wsl.distro.systemd: true, or (Docker 23 and newer) "proxies" in /etc/docker/daemon.json through the setting `files`.',
    );
    return false;
  }
  return true;
}

/** Our list of exceptions begins with these, in this order: values that begin so were written by us. */
const OURS = LOOPBACK.join(",");

function pendingChanges(written: ProxyValues | undefined, dockerd: boolean, facts: Facts): PendingChange[] {
  const wanted = written === undefined ? {} : proxyVariables(written);
  const pending: PendingChange[] = [];
  const compare = (resource: string, needs: PendingChange["needs"], running: Record<string, string>): void => {
    for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]) {
      const [want = "", runs = ""] = [wanted[name], running[name]];
      if (want !== runs) pending.push({ resource, field: name, wanted: hidden(want), running: hidden(runs), needs });
    }
  };
  const { proxy } = facts.docker;
  if (proxy !== undefined && (dockerd || (written === undefined && proxy.noProxy.startsWith(OURS)))) {
    const running = { HTTP_PROXY: proxy.http, HTTPS_PROXY: proxy.https, NO_PROXY: proxy.noProxy };
    compare("proxy-dockerd", "dockerd-restart", running);
  }
  // A timer has no shell whose variables could be old.
  if (facts.proxyIsOurs === true || (facts.proxyIsOurs === false && written !== undefined))
    compare("proxy-env", "new-shell", facts.proxy);
  return pending;
}

const hidden = (value: string): string => value.replace(/(:\/\/)[^/@\s]*@/g, "$1***@");
