/** Windows' proxy settings: those of the user, or of the machine where a policy says so, or of WinHTTP. */
import type { WindowsProxy } from "../facts.ts";
import { isObject, type Json, stringIn } from "./json.ts";

const none: WindowsProxy = { http: "", https: "", bypass: "", pac: "" };

export function readWindowsProxy(answer: Json): WindowsProxy {
  const [user, machine] = [answer.user, answer.machine].map((value) => (isObject(value) ? value : {}));
  // ProxySettingsPerUser = 0: the administrator's settings of the machine, whatever the user has.
  const internet = fromInternetSettings((answer.perUser === 0 ? machine : user) ?? {});
  if (internet.http !== "" || internet.https !== "" || internet.pac !== "") return internet;
  return fromWinHttp(stringIn(answer.winhttp)) ?? none;
}

function fromInternetSettings(settings: Json): WindowsProxy {
  const enabled = settings.enable === 1 || settings.enable === true;
  const { http, https } = enabled ? addresses(stringIn(settings.server)) : none;
  return {
    http,
    https,
    bypass: http === "" && https === "" ? "" : stringIn(settings.override).trim(),
    pac: stringIn(settings.pac).trim(),
  };
}

/** `proxy:8080` for all, or `http=a:1;https=b:2;ftp=…;socks=c:3` one by one. SOCKS serves what nothing else is named for. */
export function addresses(server: string): Pick<WindowsProxy, "http" | "https"> {
  const parts = server.split(/[;\s]+/).filter((part) => part !== "");
  const named = new Map<string, string>();
  for (const part of parts) {
    const [, kind, address] = /^(?:([a-z]+)=)?(.+)$/i.exec(part) ?? [];
    if (address === undefined) continue;
    const key = kind?.toLowerCase() ?? "all";
    if (!named.has(key)) named.set(key, address);
  }
  const all = named.get("all");
  const socks = named.get("socks");
  const pick = (kind: string): string => {
    const own = named.get(kind) ?? all;
    if (own !== undefined) return withScheme(own, "http");
    return socks === undefined ? "" : withScheme(socks, "socks5");
  };
  return { http: pick("http"), https: pick("https") };
}

const withScheme = (address: string, scheme: string): string =>
  (/^[a-z0-9+.-]+:\/\//i.test(address) ? address : `${scheme}://${address}`).replace(/\/+$/, "");

/** The registry's binary value: three numbers of 4 bytes (the third: 1 direct, 3 a proxy), then two texts with their lengths. */
function fromWinHttp(base64: string): WindowsProxy | undefined {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length < 16 || (bytes.readUInt32LE(8) & 2) === 0) return undefined;
  const serverLength = bytes.readUInt32LE(12);
  const bypassAt = 16 + serverLength;
  if (bypassAt > bytes.length) return undefined;
  const server = bytes.toString("latin1", 16, bypassAt);
  const bypassLength = bypassAt + 4 <= bytes.length ? bytes.readUInt32LE(bypassAt) : 0;
  const { http, https } = addresses(server);
  if (http === "" && https === "") return undefined;
  return { http, https, bypass: bytes.toString("latin1", bypassAt + 4, bypassAt + 4 + bypassLength).trim(), pac: "" };
}
