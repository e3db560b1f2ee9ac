/** Windows' list of exceptions in the words of NO_PROXY, as Go, curl, git and npm understand them. */

export interface Bypass {
  /** In the order of Windows' list, each once. */
  entries: string[];
  /** One line for each exception that NO_PROXY has no words for. */
  untold: string[];
}

/**
 * `*.corp.example` becomes `.corp.example`, `192.168.*` becomes `192.168.0.0/16`. `<local>` (names without a dot) and
 * wildcards in the middle of a name cannot be said: Go, curl, git and npm know suffixes and networks only.
 */
export function translateBypass(list: string): Bypass {
  const entries: string[] = [];
  const untold: string[] = [];
  for (const part of list.split(/[;,\s]+/)) {
    if (part === "") continue;
    const entry = translate(part);
    if (entry === undefined) untold.push(part);
    else if (!entries.includes(entry)) entries.push(entry);
  }
  return { entries, untold };
}

function translate(part: string): string | undefined {
  if (part === "*") return "*";
  // Local names are in no list of networks; <-loopback> would send this machine's own traffic to the proxy.
  if (part.startsWith("<")) return undefined;
  const address = part.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "").replace(/\/+$/, "");
  const network = networkOf(address);
  if (network !== undefined) return network;
  const name = address.replace(/^\*+\.?/, ".");
  const allowed = /^\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(:\d+)?$|^\[?[0-9A-Fa-f:]*:[0-9A-Fa-f:]*\]?$|^[0-9.]+\/\d+$/;
  return allowed.test(name) ? name.toLowerCase() : undefined;
}

/** `10.*` and `172.16.*.*` as networks; undefined when it is not an address with wildcards at its end. */
function networkOf(address: string): string | undefined {
  const parts = address.split(".");
  const fixed = parts.filter((part) => part !== "*");
  const wild = parts.length - fixed.length;
  const isPrefix = parts.slice(0, fixed.length).every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  if (wild === 0 || fixed.length === 0 || fixed.length > 3 || parts.length > 4 || !isPrefix) return undefined;
  return `${[...fixed, "0", "0", "0", "0"].slice(0, 4).join(".")}/${fixed.length * 8}`;
}
