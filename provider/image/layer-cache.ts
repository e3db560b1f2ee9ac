/**
 * Layers by the hash of what they are made from: `<cache>/layers/<key>/layer.tar` and `meta.json`. A layer is made in a
 * temporary sibling and renamed when it is complete and on disk; a lock keeps two runs from making the same one.
 */
import { rename, rm } from "node:fs/promises";
import path from "node:path";
import { contentHash } from "../../domain/recipe-hash.ts";
import type { Report } from "../handler.ts";
import type { Host } from "../host.ts";
import { withLock } from "../lock.ts";
import { workFolder } from "../work-folder.ts";
import type { TarResult } from "./tar.ts";

export interface LayerResult extends TarResult {
  /** Of the module that the layer was made from, where it was made from one. */
  sum?: string;
}

export interface CachedLayer extends LayerResult {
  key: string;
  /** What it is, for people and for the image's history. */
  title: string;
  /** The uncompressed archive. */
  file: string;
}

export interface LayerJob {
  key: string;
  title: string;
  /** Jobs with the same word here are done one after the other. Default: the key. */
  lock?: string;
  /** Makes `layer.tar`, and what else belongs beside it, in this empty folder. */
  make: (folder: string, report: Report) => Promise<LayerResult>;
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
    const { digest, size, sum } = JSON.parse(meta) as LayerResult;
    if (found.size !== size) return undefined;
    return { key, title, file, digest, size, ...(sum === undefined ? {} : { sum }) };
  } catch {
    return undefined;
  }
}

export async function ensureLayer(host: Host, job: LayerJob, report: Report): Promise<CachedLayer> {
  const ready = await cachedLayer(host, job.key, job.title);
  if (ready !== undefined) return ready;
  const onWait = (holder: string) => report(`${job.title}: waiting for ${holder}, which is making it`);
  // Another cache folder is another layer: its maker need not be waited for.
  const lock = contentHash({ folder: layersFolder(host), key: job.lock ?? job.key }).slice(0, 40);
  return withLock(`layer:${lock}`, { onWait, signal: host.signal }, async () => {
    const made = await cachedLayer(host, job.key, job.title);
    return made ?? makeLayer(host, job, report);
  });
}

async function makeLayer(host: Host, job: LayerJob, report: Report): Promise<CachedLayer> {
  const started = Date.now();
  report(`${job.title} …`);
  const temporary = await workFolder(host, layersFolder(host));
  const final = path.join(layersFolder(host), job.key);
  try {
    const made = await job.make(temporary, report);
    const meta = { title: job.title, ...made };
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
