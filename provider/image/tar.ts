/** Archives that are the same byte for byte wherever they are made: sorted names, one fixed time, numbers for owners. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";

/** Of every entry and every image that we make. Seconds since 1970; also SOURCE_DATE_EPOCH of what others make for us. */
export const fixedTime = 1_700_000_000;

export interface TarEntry {
  /** Without a leading slash. */
  name: string;
  type: "file" | "directory" | "symlink";
  mode: number;
  uid?: number;
  gid?: number;
  /** Of a file: its bytes, or the file on this machine that has them. */
  content?: Buffer | { file: string; size: number };
  target?: string;
}

export interface TarResult {
  /** SHA-256 of the archive, lower-case hexadecimal. */
  digest: string;
  size: number;
}

/** Writes and syncs the archive; the caller renames it into place. */
export async function writeTar(file: string, entries: readonly TarEntry[], signal: AbortSignal): Promise<TarResult> {
  const archive = pack();
  const hash = createHash("sha256");
  let size = 0;
  const filling = fill(archive, entries);
  await Promise.all([
    filling,
    pipeline(
      archive as unknown as AsyncIterable<Buffer>,
      async function* (parts: AsyncIterable<Buffer>) {
        for await (const part of parts) {
          hash.update(part);
          size += part.length;
          yield part;
        }
      },
      createWriteStream(file),
      { signal },
    ).catch((error: unknown) => {
      archive.destroy();
      throw error;
    }),
  ]);
  await syncFile(file);
  return { digest: hash.digest("hex"), size };
}

async function fill(archive: Pack, entries: readonly TarEntry[]): Promise<void> {
  const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const entry of sorted) await addEntry(archive, entry);
  archive.finalize();
}

export function addEntry(archive: Pack, entry: TarEntry): Promise<void> {
  const { content } = entry;
  const size = content === undefined ? 0 : Buffer.isBuffer(content) ? content.length : content.size;
  const header = {
    name: entry.type === "directory" ? `${entry.name.replace(/\/$/, "")}/` : entry.name,
    type: entry.type,
    mode: entry.mode,
    uid: entry.uid ?? 0,
    gid: entry.gid ?? 0,
    mtime: new Date(fixedTime * 1000),
    size,
    ...(entry.target === undefined ? {} : { linkname: entry.target }),
  };
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    if (content === undefined || Buffer.isBuffer(content)) {
      archive.entry(header, content ?? Buffer.alloc(0), done);
      return;
    }
    const sink = archive.entry(header, done);
    pipeline(createReadStream(content.file, { highWaterMark: 1 << 20 }), sink).catch(reject);
  });
}

export async function syncFile(file: string): Promise<void> {
  const handle = await open(file, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function digestOfFile(file: string): Promise<TarResult> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const part of createReadStream(file, { highWaterMark: 1 << 20 })) {
    hash.update(part as Buffer);
    size += (part as Buffer).length;
  }
  return { digest: hash.digest("hex"), size };
}

/** A folder of this machine as entries below `prefix`; `place` renames, sets the mode, or leaves an entry out. */
export async function folderEntries(
  folder: string,
  prefix: string,
  place: (name: string, type: TarEntry["type"]) => { name: string; mode: number } | undefined,
): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  const visit = async (at: string): Promise<void> => {
    for (const found of await readdir(path.join(folder, at), { withFileTypes: true })) {
      const name = path.join(at, found.name);
      const type = found.isDirectory() ? "directory" : found.isSymbolicLink() ? "symlink" : "file";
      const placed = place(name, type);
      if (placed === undefined) continue;
      const file = path.join(folder, name);
      const entry: TarEntry = { name: path.join(prefix, placed.name), type, mode: placed.mode };
      if (type === "symlink") entry.target = await readlink(file);
      if (type === "file") entry.content = { file, size: (await lstat(file)).size };
      entries.push(entry);
      if (type === "directory") await visit(name);
    }
  };
  await visit("");
  return entries;
}
