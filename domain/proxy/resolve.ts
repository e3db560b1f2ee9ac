/** The one proxy that shells, the Docker daemon and containers use, from the settings, Windows or the environment. */
import type { HostSyncSettings } from "../../config/host-sync.ts";
import { namesLoopback } from "../environment.ts";
import type { Facts } from "../facts.ts";
import { networkName } from "../names.ts";
import { translateBypass } from "./bypass.ts";

/** Always reached directly: this machine itself. */
export const LOOPBACK: readonly string[] = ["localhost", "127.0.0.0/8", "127.0.0.1", "::1"];

export interface ProxyValues {
  http: string;
  https: string;
  /** Sorted, without this machine itself. */
  exceptions: string[];
}

export interface ResolvedProxy {
  /** Who decides: `settings` and `windows` are written into files, `environment` only reaches containers. */
  source: "settings" | "windows" | "environment" | "none";
  values: ProxyValues | undefined;
  problems: string[];
  warnings: string[];
}

export interface ProxyQuestion {
  settings: Pick<HostSyncSettings, "mode" | "proxy">;
  facts: Pick<Facts, "proxy" | "proxyIsOurs" | "windows">;
}

export function resolveProxy({ settings, facts }: ProxyQuestion): ResolvedProxy {
  const taken = settings.mode === "off" ? "off" : settings.proxy;
  if (typeof taken === "object") return fromSettings(taken);
  const { windows } = facts;
  if (taken === "auto" && windows.reachable) {
    const { http, https, pac } = windows.proxy;
    if (http !== "" || https !== "") return fromWindows(windows.proxy);
    const told = fromEnvironment(facts);
    return pac === "" || told.source === "environment" ? told : { ...told, warnings: [onlyPac(pac)] };
  }
  return fromEnvironment(facts);
}

function fromSettings(taken: {
  http?: string | undefined;
  https?: string | undefined;
  noProxy: string[];
}): ResolvedProxy {
  const http = plain(taken.http ?? taken.https ?? "");
  const https = plain(taken.https ?? taken.http ?? "");
  if (http === "") {
    const problem = "hostSync.proxy: names neither http nor https; name one of them, or write `off`";
    return { source: "none", values: undefined, problems: [problem], warnings: [] };
  }
  return { source: "settings", values: { http, https, exceptions: sorted(taken.noProxy) }, problems: [], warnings: [] };
}

function fromWindows({ http, https, bypass, pac }: Facts["windows"]["proxy"]): ResolvedProxy {
  const unusable = [http, https].filter((address) => address !== "" && !USABLE.test(address));
  if (unusable.length > 0) {
    // Not shown as it is: what does not look like an address may hold a password.
    const warning =
      "Windows' proxy is not an address of the form http://HOST:PORT, or holds a password, so it is not taken over. Set hostSync.proxy to { https: http://HOST:PORT }, or to off.";
    return { source: "none", values: undefined, problems: [], warnings: [warning] };
  }
  const { entries, untold } = translateBypass(bypass);
  const local = untold.filter((entry) => entry.startsWith("<"));
  const wild = untold.filter((entry) => !entry.startsWith("<"));
  const warnings = [
    ...(wild.length === 0
      ? []
      : [
          `Windows reaches ${wild.join(", ")} without its proxy, which NO_PROXY cannot say (it knows domains and networks, no wildcards inside a name). Where that matters, set hostSync.proxy by hand.`,
        ]),
    ...(local.some((entry) => entry.toLowerCase() === "<local>")
      ? [
          "Windows reaches names without a dot (<local>) directly, which NO_PROXY cannot say: use full names, or list those hosts under hostSync.proxy.noProxy.",
        ]
      : []),
    ...([http, https].some(namesLoopback)
      ? [
          "Windows' proxy listens on Windows itself (127.0.0.1): only networkingMode=mirrored in .wslconfig makes that reachable from here, and nothing from containers. Otherwise let it listen on Windows' address for WSL, and name that in hostSync.proxy.",
        ]
      : []),
    ...(pac === ""
      ? []
      : [`Windows also has a PAC script (${shown(pac)}), which Linux programs do not read; the static proxy is used.`]),
  ];
  return { source: "windows", values: { http, https, exceptions: sorted(entries) }, problems: [], warnings };
}

/** Only characters that mean nothing to a shell or to systemd, which read the file made of it. */
const USABLE = /^(https?|socks5h?):\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?$/;

/** As before there was anything to take over: what the calling shell has, unless it has it from us. */
function fromEnvironment({ proxy, proxyIsOurs }: ProxyQuestion["facts"]): ResolvedProxy {
  const { HTTP_PROXY: http = "", HTTPS_PROXY: https = "", NO_PROXY: exceptions = "" } = proxyIsOurs ? {} : proxy;
  if (http === "" && https === "") return { source: "none", values: undefined, problems: [], warnings: [] };
  const values = { http, https, exceptions: sorted(exceptions.split(/[,\s]+/)) };
  return { source: "environment", values, problems: [], warnings: [] };
}

/** The variables by their upper-case names, those that are set; `NO_PROXY` in a fixed order. */
export function proxyVariables(
  { http, https, exceptions }: ProxyValues,
  more: readonly string[] = [],
): Record<string, string> {
  const direct = [...new Set([...LOOPBACK, ...more, ...exceptions])];
  return {
    ...(http === "" ? {} : { HTTP_PROXY: http }),
    ...(https === "" ? {} : { HTTPS_PROXY: https }),
    NO_PROXY: direct.join(","),
  };
}

/**
 * What containers get. They reach each other as NAME.NETWORK, so the network's name is one exception for all of them:
 * it stays the same when a project comes or goes, and no container has to be made again for its neighbour.
 */
export function containerProxy(
  resolved: ResolvedProxy,
  stack: string,
  more: readonly string[] = [],
): Record<string, string> {
  return resolved.values === undefined ? {} : proxyVariables(resolved.values, [`.${networkName(stack)}`, ...more]);
}

const sorted = (entries: readonly string[]): string[] =>
  [...new Set(entries.filter((entry) => entry !== "" && !LOOPBACK.includes(entry)))].sort();

const plain = (address: string): string => address.replace(/\/$/, "");

/** Addresses of PAC scripts can carry a token. */
const shown = (pac: string): string => pac.replace(/(:\/\/)[^/@\s]*@/, "$1***@").replace(/\?.*$/, "?...");

const onlyPac = (pac: string): string =>
  `Windows' proxy comes from a PAC script (${shown(pac)}), which Linux programs do not read: no proxy is set. Set hostSync.proxy to { https: http://HOST:PORT } with the address that the script gives, or to off.`;
