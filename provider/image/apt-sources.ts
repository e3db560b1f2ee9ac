/** The Debian archives that this machine's own apt uses, as lines for a new root filesystem. No mirror is named here. */
import path from "node:path";
import type { Host } from "../host.ts";

export interface AptSource {
  uri: string;
  suite: string;
  components: string[];
  /** Path of a keyring, when the source names one. */
  signedBy: string;
}

/** `sources.list` lines for `suite`; empty when the machine names no Debian archive. */
export async function debianSources(host: Host, suite: string): Promise<string[]> {
  const texts: { name: string; text: string }[] = [];
  const add = async (file: string) => {
    const text = await host.files.text(file);
    if (text !== undefined) texts.push({ name: file, text });
  };
  await add("/etc/apt/sources.list");
  const folder = "/etc/apt/sources.list.d";
  for (const entry of await host.files.list(folder)) await add(path.join(folder, entry.name));
  const sources = texts.flatMap(({ name, text }) =>
    name.endsWith(".sources") ? parseDeb822(text) : name.endsWith(".list") ? parseOneLine(text) : [],
  );
  return sourcesFor(sources, suite).map(line);
}

function line(source: AptSource): string {
  const options = source.signedBy === "" ? "" : `[signed-by=${source.signedBy}] `;
  return `deb ${options}${source.uri} ${source.suite} ${source.components.join(" ")}`;
}

/** Those of this suite; else those of the machine's own release, for another suite of the same archive. */
export function sourcesFor(sources: AptSource[], suite: string): AptSource[] {
  const debian = sources.filter(isDebian);
  const exact = debian.filter((source) => release(source.suite) === suite);
  const chosen = exact.length > 0 ? exact : debian.map((source) => renamed(source, suite));
  const seen = new Set<string>();
  return chosen.filter((source) => {
    const key = line(source);
    // Backports would mix newer packages in.
    if (seen.has(key) || source.suite.includes("backports")) return false;
    seen.add(key);
    return true;
  });
}

function isDebian(source: AptSource): boolean {
  if (!source.components.includes("main")) return false;
  // Other vendors offer suites of the same name: Debian's own are told by the archive's path or by its keyring.
  return /\/debian(-security)?\/?$/.test(source.uri) || source.signedBy.includes("debian-archive");
}

const release = (suite: string): string => suite.replace(/[-/].*$/, "");

function renamed(source: AptSource, suite: string): AptSource {
  return { ...source, suite: source.suite.replace(release(source.suite), suite) };
}

export function parseOneLine(text: string): AptSource[] {
  return text.split("\n").flatMap((row) => {
    const found = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(row);
    if (found === null) return [];
    const [, options = "", uri = "", suite = "", components = ""] = found;
    const signedBy = /signed-by=(\S+)/i.exec(options)?.[1] ?? "";
    return [{ uri, suite, components: components.trim().split(/\s+/), signedBy }];
  });
}

export function parseDeb822(text: string): AptSource[] {
  return text.split(/\n\s*\n/).flatMap((paragraph) => {
    const fields = new Map<string, string>();
    let last = "";
    for (const row of paragraph.split("\n")) {
      if (row.startsWith("#")) continue;
      const found = /^([A-Za-z-]+):\s*(.*)$/.exec(row);
      if (found?.[1] !== undefined) {
        last = found[1].toLowerCase();
        fields.set(last, found[2] ?? "");
      } else if (/^\s/.test(row) && last !== "") fields.set(last, `${fields.get(last)} ${row.trim()}`);
    }
    const words = (name: string) => (fields.get(name) ?? "").split(/\s+/).filter((word) => word !== "");
    if (!words("types").includes("deb") || /^(no|false|off|0)$/i.test(fields.get("enabled") ?? "")) return [];
    // An embedded key is not a path; apt's own trusted keys then have to do.
    const signedBy = words("signed-by")[0] ?? "";
    return words("uris").flatMap((uri) =>
      words("suites").map((suite) => ({
        uri,
        suite,
        components: words("components"),
        signedBy: signedBy.startsWith("/") ? signedBy : "",
      })),
    );
  });
}

/** How this machine reaches its archives: proxies, retries and date checks of its apt configuration. */
export function inheritedAptOptions(dump: string): string[] {
  const names =
    /^Acquire::(https?::(Proxy|Verify|CaInfo|SslCert|SslKey)|Check-Valid-Until|Check-Date|Retries|(http::)?Proxy-Auto-Detect)/i;
  return dump.split("\n").filter((row) => names.test(row) && !/ "";$/.test(row));
}
