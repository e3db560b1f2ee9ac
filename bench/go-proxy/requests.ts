/** Requests for what the proxy holds, many clients for what it does not, and the checksum database without a network. */
import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, get } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "../../tests/labs/server.ts";
import type { UpstreamLab } from "../../tests/labs/upstream.ts";
import { modules } from "./downloads.ts";
import { type ModuleProxy, PASSWORD, type Programs } from "./proxy.ts";

const environment = { ...process.env, GATE_PASSWORD: PASSWORD };

/** Capital letters as the protocol writes them. */
const escaped = (text: string): string => text.replace(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);

interface Version {
  module: string;
  version: string;
}

function versionsOf(goSum: string): Version[] {
  const pairs = goSum
    .split("\n")
    .map((line) => /^(\S+) (v\S+?)(?:\/go\.mod)? h1:/.exec(line))
    .filter((match) => match !== null)
    .map(([, module = "", version = ""]) => [`${module}@${version}`, { module, version }] as const);
  return [...new Map(pairs).values()];
}

async function pinned(): Promise<Version[]> {
  const text = await readFile(path.join(modules, "go.mod"), "utf8");
  return [...text.matchAll(/^\t(\S+) (v\S+)/gm)].map(([, module = "", version = ""]) => ({ module, version }));
}

export interface Load {
  name: string;
  requests: number;
  errors: number;
  firstError?: string;
  bytes: number;
  seconds: number;
  rps: number;
  p50: number;
  p99: number;
  max: number;
  /** Most that gate, Athens and mirror held together, MiB, looked at four times a second. */
  peakMiB: number;
  processes: { name: string; rssMiB: number }[];
}

async function watched<T>(proxy: ModuleProxy, work: Promise<T>) {
  let peak: Awaited<ReturnType<ModuleProxy["processes"]>> = [];
  const total = (all: typeof peak) => all.reduce((sum, { rssMiB }) => sum + rssMiB, 0);
  let over = false;
  const look = async () => {
    while (!over) {
      const now = await proxy.processes();
      if (total(now) > total(peak)) peak = now;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  };
  const looking = look();
  try {
    return { result: await work, peak, peakMiB: () => total(peak) };
  } finally {
    over = true;
    await looking;
  }
}

const SMALL = 64 << 10;

async function smallZips(proxy: ModuleProxy, all: readonly Version[]): Promise<Version[]> {
  const sizes = await Promise.all(all.map(async (one) => (await ask(proxy, pathOf(one, "zip"))).bytes));
  return all.filter((_, i) => (sizes[i] ?? 0) <= SMALL);
}

const pathOf = ({ module, version }: Version, ending: string): string =>
  `/${escaped(module)}/@v/${escaped(version)}.${ending}`;

/** 50 connections, each with one request at a time. */
export async function measureLoad(built: Programs, proxy: ModuleProxy, seconds: number): Promise<Load[]> {
  const all = await pinned();
  const small = await smallZips(proxy, all);
  const sets: [string, string[]][] = [
    [".info", all.map((one) => pathOf(one, "info"))],
    [".mod", all.map((one) => pathOf(one, "mod"))],
    [`.zip up to ${SMALL >> 10} KiB`, small.map((one) => pathOf(one, "zip"))],
    ["all three, mixed", small.flatMap((one) => ["info", "mod", "zip"].map((ending) => pathOf(one, ending)))],
    [".zip of every size", all.map((one) => pathOf(one, "zip"))],
  ];
  const folder = await mkdtemp(path.join(tmpdir(), "go-workstation-bench-"));
  const found: Load[] = [];
  try {
    for (const [name, paths] of sets) {
      const file = path.join(folder, "paths");
      await writeFile(file, paths.join("\n"));
      const args = ["--url", proxy.url, "--ca", proxy.ca, "--paths", file, "--conns", "50", "--seconds", `${seconds}`];
      const { result, peak, peakMiB } = await watched(proxy, run(built.load, args, { env: environment }));
      const load = JSON.parse(result.stdout) as Omit<Load, "name" | "peakMiB" | "processes">;
      found.push({ name, ...load, peakMiB: peakMiB(), processes: peak.map(({ name, rssMiB }) => ({ name, rssMiB })) });
      process.stderr.write(`${name}: ${Math.round(load.rps)} requests/s\n`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return found;
}

async function ask(proxy: ModuleProxy, asked: string): Promise<{ status: number; bytes: number; sha256: string }> {
  const ca = await readFile(proxy.ca);
  const agent = new Agent({ ca, keepAlive: false });
  return await new Promise((resolve, reject) => {
    get(`${proxy.url}${asked}`, { agent, auth: `go:${PASSWORD}` }, (response) => {
      const hash = createHash("sha256");
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        hash.update(chunk);
      });
      response.once("error", reject);
      response.once("end", () => resolve({ status: response.statusCode ?? 0, bytes, sha256: hash.digest("hex") }));
    }).once("error", reject);
  });
}

export interface Crowd {
  module: string;
  clients: number;
  good: number;
  /** Different contents among the good answers. */
  contents: number;
  /** What the upstream was asked of this module. */
  upstream: Record<string, number>;
}

const COLD: Version[] = [
  { module: "rsc.io/quote", version: "v1.5.2" },
  { module: "rsc.io/sampler", version: "v1.3.0" },
  { module: "rsc.io/qr", version: "v0.2.0" },
];

/** All at once, each with a connection of its own, for a zip that the proxy does not hold. */
export async function measureCrowd(upstream: UpstreamLab, proxy: ModuleProxy, clients: number): Promise<Crowd[]> {
  const found: Crowd[] = [];
  // So that all of them are there while the first is still being fetched.
  upstream.delay = 40;
  for (const one of COLD) {
    upstream.reset();
    const answers = await Promise.all(Array.from({ length: clients }, () => ask(proxy, pathOf(one, "zip"))));
    const good = answers.filter(({ status }) => status === 200);
    found.push({
      module: `${one.module}@${one.version}`,
      clients,
      good: good.length,
      contents: new Set(good.map(({ sha256 }) => sha256)).size,
      upstream: Object.fromEntries([...upstream.requests].filter(([asked]) => asked.startsWith(`/${one.module}/`))),
    });
  }
  upstream.delay = 0;
  return found;
}

export interface Lookups {
  /** Different versions that were asked for. */
  versions: number;
  lookups: number;
  failures: number;
  firstError?: string;
  seconds: number;
}

/** The same draws on every run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Versions from the checkout's go.sum files are looked up once online, then at random without the upstream. */
export async function measureLookups(
  built: Programs,
  upstream: UpstreamLab,
  proxy: ModuleProxy,
  { versions, lookups }: { versions: number; lookups: number },
): Promise<Lookups> {
  const root = path.join(import.meta.dirname, "../..");
  const files = globSync("{toolchain,sidecars,bench}/*/go.sum", { cwd: root }).sort();
  const texts = await Promise.all(files.map((file) => readFile(path.join(root, file), "utf8")));
  const draw = random(1);
  const all = versionsOf(texts.join("\n")).map(({ module, version }) => `${module}@${version}`);
  const held = all.map((one) => [draw(), one] as const).sort(([a], [b]) => a - b);
  const known = held.slice(0, versions).map(([, one]) => one);
  const look = async (wanted: string[]): Promise<Lookups> => {
    const child = run(built.lookups, ["--url", proxy.url, "--ca", proxy.ca], { env: environment });
    child.child.stdin?.end(wanted.join("\n"));
    return { versions: known.length, ...JSON.parse((await child).stdout) } as Lookups;
  };
  const online = await look(known);
  if (online.failures > 0) throw new Error(`${online.failures} lookups failed online, first ${online.firstError}`);
  await upstream.cut();
  try {
    return await look(Array.from({ length: lookups }, () => known[Math.floor(draw() * known.length)] ?? ""));
  } finally {
    await upstream.restore();
  }
}
