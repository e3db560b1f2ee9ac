/** Programs kept as they were built: `<parent>/<key>/<binary>` and `meta.json`, whole or not there, built by one at a time. */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { contentHash } from "../../domain/recipe-hash.ts";
import type { Host } from "../host.ts";
import { withLock } from "../lock.ts";
import { workFolder } from "../work-folder.ts";

export interface KeptBinary {
  file: string;
  size: number;
  sha256: string;
}

export interface BinaryPlace {
  parent: string;
  key: string;
  binary: string;
  /** Tells this cache's locks from others. */
  lock: string;
}

const folderOf = ({ parent, key }: BinaryPlace): string => path.join(parent, key);

/** What is there is compared with its hash: a damaged copy is built again. */
export async function keptBinary<K extends KeptBinary>(place: BinaryPlace): Promise<K | undefined> {
  const folder = folderOf(place);
  try {
    const meta = JSON.parse(await readFile(path.join(folder, "meta.json"), "utf8")) as Omit<K, "file">;
    const file = path.join(folder, place.binary);
    return sha256(await readFile(file)) === meta.sha256 ? ({ ...meta, file } as K) : undefined;
  } catch {
    return undefined;
  }
}

/** `build` answers the program's bytes and what else is to be kept with them; it may work in the folder that it is given. */
export async function builtOnce<M extends object>(
  host: Host,
  place: BinaryPlace,
  onProgress: (text: string) => void,
  build: (work: string) => Promise<{ content: Buffer; more: M }>,
): Promise<KeptBinary & M> {
  const ready = await keptBinary<KeptBinary & M>(place);
  if (ready !== undefined) return ready;
  const folder = folderOf(place);
  const onWait = (holder: string) => onProgress(`waiting for ${holder}, which is building ${place.binary}`);
  return withLock(`${place.lock}:${contentHash(folder).slice(0, 40)}`, { onWait, signal: host.signal }, async () => {
    const made = await keptBinary<KeptBinary & M>(place);
    if (made !== undefined) return made;
    const work = await workFolder(host, place.parent);
    try {
      const { content, more } = await build(work);
      const meta = { size: content.length, sha256: sha256(content), ...more };
      const keep = path.join(work, "keep");
      await mkdir(keep);
      await host.files.write(path.join(keep, place.binary), content, { mode: 0o755 });
      await host.files.write(path.join(keep, "meta.json"), `${JSON.stringify(meta)}\n`, { mode: 0o644 });
      await rm(folder, { recursive: true, force: true });
      await rename(keep, folder);
      return { ...meta, file: path.join(folder, place.binary) };
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
}

const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
