/**
 * Layers by the hash of what they are made from: `<cache>/layers/<key>/layer.tar` and `meta.json`. A layer is made in a
 * temporary sibling and renamed when it is complete and on disk; a lock keeps two runs from making the same one.
 */
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { contentHash } from "../../domain/recipe-hash.ts";
import type { Report } from "../handler.ts";
import type { Host } from "../host.ts";
import { isAlive } from "../host-files.ts";
import { withLock } from "../lock.ts";
import type { TarResult } from "./tar.ts";

export interface CachedLayer extends TarResult {
  key: string;
  /** What it is, for people and for the image's history. */
  title: string;
  /** The uncompressed archive. */
  file: string;
}

export interface LayerJob {
  key: string;
  title: string;
  /** Makes `layer.tar`, and what else belongs beside it, in this empty folder. */
  make: (folder: string, report: Report) => Promise<TarResult>;
}

const longStepMs = 2000;

export function layersFolder(host: Host): string {
  return path.join(host.folders.cache, "layers");
}

export async function cachedLayer(host: Host, key: string, title: string): Promise<CachedLayer | undefined> {
  const folder = path.join(layersFolder(host), key);
  const file = path.join(folder, "layer.tar");
  const [meta, found] = await Promise.all([host.files.text(path.join(folder, "meta.json")), host.files.stat(file)]);
  if (meta === undefined || found === undefined) return undefined;
  try {
    const { digest, size } = JSON.parse(meta) as TarResult;
    return found.size === size ? { key, title, file, digest, size } : undefined;
  } catch {
    return undefined;
  }
}

export async function ensureLayer(host: Host, job: LayerJob, report: Report): Promise<CachedLayer> {
  const ready = await cachedLayer(host, job.key, job.title);
  if (ready !== undefined) return ready;
  const onWait = (holder: string) => report(`${job.title}: waiting for ${holder}, which is making it`);
  // Another cache folder is another layer: its maker need not be waited for.
  const lock = contentHash({ folder: layersFolder(host), key: job.key }).slice(0, 40);
  return withLock(`layer:${lock}`, { onWait, signal: host.signal }, async () => {
    const made = await cachedLayer(host, job.key, job.title);
    return made ?? makeLayer(host, job, report);
  });
}

async function makeLayer(host: Host, job: LayerJob, report: Report): Promise<CachedLayer> {
  const started = Date.now();
  report(`${job.title} …`);
  const temporary = await temporaryFolder(host);
  const final = path.join(layersFolder(host), job.key);
  try {
    const made = await job.make(temporary, report);
    const meta = { title: job.title, digest: made.digest, size: made.size };
    await host.files.write(path.join(temporary, "meta.json"), `${JSON.stringify(meta)}\n`, { mode: 0o644 });
    // Something incomplete (a file deleted by hand) may stand there.
    await rm(final, { recursive: true, force: true });
    await rename(temporary, final);
    const seconds = (Date.now() - started) / 1000;
    const line = `${job.title}: ${seconds.toFixed(1)} s, ${Math.round(made.size / 1e6)} MB`;
    report(line, { finished: seconds * 1000 >= longStepMs });
    return { key: job.key, title: job.title, file: path.join(final, "layer.tar"), ...made };
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw described(job.title, error);
  }
}

function described(title: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code;
  const text = error instanceof Error ? error.message : String(error);
  const full = code === "ENOSPC" || code === "EDQUOT" || /no space left on device/i.test(text);
  const cause = full
    ? "no space is left on the disk of the cache folder; free some, or set WORKSTATION_CACHE_DIR to another disk"
    : text;
  return new Error(`image layer "${title}": ${cause}`, { cause: error });
}

/** A folder for work in progress, in the cache: renamed when complete, removed otherwise. */
export async function temporaryFolder(host: Host): Promise<string> {
  const parent = layersFolder(host);
  await mkdir(parent, { recursive: true });
  await clearLeftovers(host, parent);
  const folder = path.join(parent, `.tmp-${process.pid}-${Math.random().toString(36).slice(2, 10)}`);
  await mkdir(folder, { mode: 0o700 });
  return folder;
}

/** What a killed run left behind. */
async function clearLeftovers(host: Host, parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = Number(/^\.tmp-(\d+)-/.exec(name)?.[1]);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    // Never across a mount: a killed bootstrap may have left the machine's own folders mounted in there.
    await host.run("rm", ["-rf", "--one-file-system", path.join(parent, name)], { anyExit: true });
  }
}
