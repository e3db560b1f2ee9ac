/** Where the upstream lab's answers come from: a file tree, or what the machine is configured with, kept once fetched. */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { cacheFolder } from "../../../provider/folders.ts";
import { run } from "../server.ts";

export interface Answer {
  status: number;
  body: Buffer;
  type: string;
}

/** `path` begins with a slash and is escaped as in the module proxy protocol. */
export type Source = (path: string) => Promise<Answer>;

export function contentType(path: string): string {
  if (path.endsWith(".zip")) return "application/zip";
  return path.endsWith(".info") || path.endsWith("/@latest") ? "application/json" : "text/plain; charset=utf-8";
}

const notFound = (path: string): Answer => ({
  status: 404,
  body: Buffer.from(`not found: ${path}\n`),
  type: contentType(""),
});

const missing = (error: unknown): boolean =>
  ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");

/** A folder in the layout of `$GOMODCACHE/cache/download`. */
export function treeSource(folder: string): Source {
  return async (path) => {
    try {
      return { status: 200, body: await readFile(join(folder, path)), type: contentType(path) };
    } catch (error) {
      if (missing(error)) return notFound(path);
      throw error;
    }
  };
}

/** What does not change any more: a version's files, the checksum database's records and tiles. */
const fixed = (path: string): boolean =>
  /\/@v\/[^/]+\.(info|mod|zip)$/.test(path) || /^\/sumdb\/[^/]+\/(lookup|tile)\//.test(path);

interface Configured {
  /** Module proxies in the order in which they are asked. */
  proxies: string[];
  /** Addresses of a checksum database by its name. */
  databases: Record<string, string>;
}

async function configured(): Promise<Configured> {
  const { stdout } = await run("go", ["env", "-json", "GOPROXY", "GOSUMDB"]);
  const { GOPROXY, GOSUMDB } = JSON.parse(stdout) as Record<"GOPROXY" | "GOSUMDB", string>;
  const proxies = GOPROXY.split(/[,|]/).filter((one) => /^https?:/.test(one));
  if (proxies.length === 0) throw new Error(`GOPROXY is ${GOPROXY}: there is no module proxy to relay to`);
  const [name = "", address] = GOSUMDB.split(" ");
  const host = name.split("+")[0] ?? "";
  return { proxies, databases: /^(off)?$/.test(host) ? {} : { [host]: address ?? `https://${host}` } };
}

/** Where a path may be had, best first. */
function addresses({ proxies, databases }: Configured, path: string): string[] {
  const throughProxies = proxies.map((one) => `${one.replace(/\/$/, "")}${path}`);
  const [, name = "", rest = ""] = /^\/sumdb\/([^/]+)(\/.*)$/.exec(path) ?? [];
  const database = databases[name];
  return database === undefined ? throughProxies : [...throughProxies, `${database.replace(/\/$/, "")}${rest}`];
}

async function fetchFirst(from: readonly string[], path: string): Promise<Answer> {
  let last = notFound(path);
  for (const address of from) {
    const response = await fetch(address);
    const body = Buffer.from(await response.arrayBuffer());
    last = { status: response.status, body, type: response.headers.get("content-type") ?? contentType(path) };
    if (response.ok) return last;
  }
  return last;
}

export interface RelayOptions {
  /** Where answers that do not change are kept. Default: in the cache folder, by what the machine is configured with. */
  kept?: string;
}

/** Relays to GOPROXY and GOSUMDB of this machine. A second run finds most in the folder, and so depends on no network. */
export async function relaySource({ kept }: RelayOptions = {}): Promise<Source> {
  const machine = await configured();
  const key = createHash("sha256").update(JSON.stringify(machine)).digest("hex").slice(0, 16);
  const folder = kept ?? join(cacheFolder(process.env, homedir()), "labs", `upstream-${key}`);
  const tree = treeSource(folder);
  return async (path) => {
    // The databases' own addresses say so by answering at all; those behind a proxy say so here.
    if (/^\/sumdb\/[^/]+\/supported$/.test(path)) return { ...notFound(path), status: 200, body: Buffer.alloc(0) };
    if (fixed(path)) {
      const held = await tree(path);
      if (held.status === 200) return held;
    }
    const answer = await fetchFirst(addresses(machine, path), path);
    if (fixed(path) && answer.status === 200) await keep(join(folder, path), answer.body);
    return answer;
  };
}

let written = 0;

/** Beside and renamed: another run may read it meanwhile. */
async function keep(file: string, body: Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  written += 1;
  const beside = `${file}.${process.pid}.${written}`;
  await writeFile(beside, body);
  await rename(beside, file);
}
