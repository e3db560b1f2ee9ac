/** Cold `go mod download` of the pinned modules: direct, and through the warm proxy. */
import { copyFile, mkdtemp, readFile, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "../../tests/labs/server.ts";
import type { UpstreamLab } from "../../tests/labs/upstream.ts";
import { type Summary, summarise } from "../lib/measure.ts";
import type { ModuleProxy } from "./proxy.ts";

export const modules = import.meta.dirname;

export interface Way {
  name: string;
  proxied: boolean;
  /** Milliseconds that the upstream waits before each answer. */
  delay: number;
  cut: boolean;
}

export const WAYS = {
  directSlow: { name: "direct, upstream 40 ms away", proxied: false, delay: 40, cut: false },
  proxySlow: { name: "proxy, upstream 40 ms away", proxied: true, delay: 40, cut: false },
  direct: { name: "direct, upstream without delay", proxied: false, delay: 0, cut: false },
  proxy: { name: "proxy, upstream without delay", proxied: true, delay: 0, cut: false },
  proxyCut: { name: "proxy, upstream cut", proxied: true, delay: 0, cut: true },
} as const satisfies Record<string, Way>;

export interface Place {
  upstream: UpstreamLab;
  proxy: ModuleProxy;
  /** Where clients keep their modules. */
  scratch: string;
}

export interface Download {
  seconds: number;
  /** Requests that the upstream saw, those to the checksum database among them. */
  requests: number;
  sumdb: number;
}

/** Each client writes 300 MB. On a disk that is what takes the time, whichever way the modules come. */
export async function scratchFolder(): Promise<string> {
  const memory = "/dev/shm";
  const { bavail, bsize } = await statfs(memory).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize >= 2 * 2 ** 30 ? memory : tmpdir();
}

/**
 * As on a new machine: no module, no head of the checksum database, and no go.sum, so that every module is looked up there.
 * The sums that come out have to be the pinned ones.
 */
async function download(way: Way, { upstream, proxy, scratch }: Place): Promise<Download> {
  const home = await mkdtemp(path.join(scratch, "go-workstation-bench-"));
  try {
    await copyFile(path.join(modules, "go.mod"), path.join(home, "go.mod"));
    const env = {
      PATH: process.env.PATH,
      HOME: home,
      GOPATH: path.join(home, "go"),
      GOENV: "off",
      GOTOOLCHAIN: "local",
      GOFLAGS: "-modcacherw",
      GONOPROXY: "none",
      GOSUMDB: "sum.golang.org",
      GOPROXY: way.proxied ? proxy.url : upstream.url,
      ...(way.proxied ? { SSL_CERT_FILE: proxy.ca, NETRC: proxy.netrc } : {}),
    };
    upstream.delay = way.delay;
    upstream.reset();
    if (way.cut) await upstream.cut();
    const start = performance.now();
    const { stdout } = await run("go", ["mod", "download", "-json"], { cwd: home, env, maxBuffer: 1 << 26 });
    const seconds = (performance.now() - start) / 1000;
    if (way.cut) await upstream.restore();
    await compareSums(stdout, way.name);
    const sumdb = [...upstream.requests].filter(([asked]) => asked.startsWith("/sumdb/"));
    return { seconds, requests: upstream.total(), sumdb: sumdb.reduce((sum, [, count]) => sum + count, 0) };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** `go mod download -json` prints one object after the other. */
async function compareSums(json: string, name: string): Promise<void> {
  const pinned = await readFile(path.join(modules, "go.sum"), "utf8");
  const wanted = (await readFile(path.join(modules, "go.mod"), "utf8")).match(/^\t\S+ v/gm)?.length ?? 0;
  const found = (JSON.parse(`[${json.trim().replaceAll(/^\}\n\{/gm, "},\n{")}]`) as Record<string, string>[]).map(
    ({ Path, Version, Sum }) => `${Path} ${Version} ${Sum}`,
  );
  const wrong = found.filter((line) => !pinned.includes(`${line}\n`));
  if (wrong.length > 0) throw new Error(`${name}: not the pinned sums:\n${wrong.join("\n")}`);
  if (found.length !== wanted) throw new Error(`${name}: ${found.length} modules came, not ${wanted}`);
}

export interface Downloads {
  summaries: Record<keyof typeof WAYS, Summary>;
  /** Most that a run asked of the upstream. */
  requests: Record<keyof typeof WAYS, Pick<Download, "requests" | "sumdb">>;
}

/** In turn, the other way round in every second round; the first round does not count. */
export async function measureDownloads(place: Place, rounds: number): Promise<Downloads> {
  const names = Object.keys(WAYS) as (keyof typeof WAYS)[];
  const taken = new Map<string, Download[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const one = await download(WAYS[name], place);
      if (round > 0) taken.get(name)?.push(one);
      const which = round === 0 ? "warm-up" : `round ${round}/${rounds}`;
      process.stderr.write(
        `${which}  ${WAYS[name].name}  ${one.seconds.toFixed(2)} s, ${one.requests} requests upstream\n`,
      );
    }
  }
  place.upstream.delay = 0;
  const each = <T>(take: (name: keyof typeof WAYS, all: Download[]) => T) =>
    Object.fromEntries(names.map((name) => [name, take(name, taken.get(name) ?? [])])) as Record<keyof typeof WAYS, T>;
  return {
    summaries: each((name, all) =>
      summarise(
        WAYS[name].name,
        all.map(({ seconds }) => seconds),
      ),
    ),
    requests: each((_, all) => ({
      requests: Math.max(...all.map(({ requests }) => requests)),
      sumdb: Math.max(...all.map(({ sumdb }) => sumdb)),
    })),
  };
}
