/** An image as `docker load` takes it, streamed: manifest, configuration, layers. No second copy is written anywhere. */
import type { Readable } from "node:stream";
import { type Pack, pack } from "tar-stream";
import type { ConfigFile } from "./config-file.ts";
import type { CachedLayer } from "./layer-cache.ts";
import { addEntry } from "./tar.ts";

/** The first `present` layers are in the daemon already: they are named, and not sent. */
export function imageArchive(
  config: ConfigFile,
  layers: readonly CachedLayer[],
  tags: readonly string[],
  present: number,
): Readable {
  const archive = pack();
  fill(archive, config, layers, tags, present).catch((error: unknown) => archive.destroy(error as Error));
  return archive as unknown as Readable;
}

async function fill(
  archive: Pack,
  config: ConfigFile,
  layers: readonly CachedLayer[],
  tags: readonly string[],
  present: number,
): Promise<void> {
  const name = `${config.id.slice("sha256:".length)}.json`;
  const paths = layers.map((layer) => `${layer.digest}/layer.tar`);
  const manifest = [{ Config: name, RepoTags: tags, Layers: paths }];
  const file = (entry: string, content: Buffer | { file: string; size: number }) =>
    addEntry(archive, { name: entry, type: "file", mode: 0o644, content });
  await file("manifest.json", Buffer.from(JSON.stringify(manifest)));
  await file(name, config.content);
  const sent = new Set<string>();
  for (const [index, layer] of layers.entries()) {
    const entry = paths[index] as string;
    if (index < present || sent.has(entry)) continue;
    sent.add(entry);
    await file(entry, { file: layer.file, size: layer.size });
  }
  archive.finalize();
}
