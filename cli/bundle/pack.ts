/**
 * Writes a bundle: each member is an archive of its own, compressed to a file beside the bundle, and the bundle is a plain
 * tar of those behind the manifest. The same files give the same bytes, with the same version of Node.
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { lstat, readdir, readFile, readlink, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { constants, createGzip, createZstdCompress } from "node:zlib";
import { type Pack, pack } from "tar-stream";
import { digestOfFile, fixedTime, syncFile } from "../../provider/image/tar.ts";
import { CliError, codeOf } from "../errors.ts";
import { sign } from "../signing/keys.ts";
import {
  contentKey,
  FORMAT,
  MANIFEST,
  type Member,
  type MemberKind,
  type Purpose,
  renderManifest,
  SIGNATURE,
} from "./manifest.ts";

/** What becomes a member. */
export interface Content {
  path: string;
  kind: MemberKind;
  key: string;
  /** All of it goes in, below its own root. */
  folder: string;
  /** Names below the folder that stay out. */
  leaveOut?: (name: string) => boolean;
}

interface Entry {
  name: string;
  type: "file" | "directory" | "symlink" | "link";
  mode: number;
  size: number;
  file?: string;
  linkname?: string;
}

/** Matches over 128 MiB: layers get a quarter smaller for a tenth more time, where a higher level costs twice as much. */
const zstd = { [constants.ZSTD_c_compressionLevel]: 4, [constants.ZSTD_c_enableLongDistanceMatching]: 1 };

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
/** Smaller ones are not worth comparing. */
const worthLinking = 1 << 20;

/** Compresses the content to `work/<path>` and says what that is. */
export async function packMember(content: Content, work: string, signal: AbortSignal): Promise<Member> {
  const file = join(work, content.path);
  const entries = await entriesOf(content);
  const compress = content.path.endsWith(".gz") ? createGzip({ level: 6 }) : createZstdCompress({ params: zstd });
  const archive = pack();
  const filling = fill(archive, entries).catch((error: unknown) => archive.destroy(error as Error));
  try {
    await pipeline(archive as unknown as AsyncIterable<Buffer>, compress, createWriteStream(file), { signal });
  } catch (error) {
    throw explained(error, file);
  }
  await filling;
  const { digest, size } = await digestOfFile(file);
  return { path: content.path, kind: content.kind, key: content.key, size, sha256: digest };
}

async function entriesOf({ folder, leaveOut }: Content): Promise<Entry[]> {
  const entries: Entry[] = [];
  const visit = async (at: string): Promise<void> => {
    for (const found of await readdir(join(folder, at), { withFileTypes: true })) {
      const name = at === "" ? found.name : `${at}/${found.name}`;
      if (leaveOut?.(name) === true) continue;
      const file = join(folder, name);
      if (found.isDirectory()) {
        entries.push({ name: `${name}/`, type: "directory", mode: 0o755, size: 0 });
        await visit(name);
      } else if (found.isSymbolicLink()) {
        entries.push({ name, type: "symlink", mode: 0o777, size: 0, linkname: await readlink(file) });
      } else if (found.isFile()) {
        const { size, mode } = await lstat(file);
        entries.push({ name, type: "file", mode: (mode & 0o111) === 0 ? 0o644 : 0o755, size, file });
      } else
        throw new CliError(`${file} is neither a file nor a folder nor a link, so it cannot be bundled. Remove it.`);
    }
  };
  await visit("");
  return await withLinks(entries.sort(byName));
}

/** Equal programs once: the plugins are one binary under several names. By content, not by inode: a copy may have none. */
async function withLinks(entries: Entry[]): Promise<Entry[]> {
  const large = entries.filter(({ type, size }) => type === "file" && size >= worthLinking);
  const sizes = new Map<number, number>();
  for (const { size } of large) sizes.set(size, (sizes.get(size) ?? 0) + 1);
  const first = new Map<string, string>();
  for (const entry of large) {
    if ((sizes.get(entry.size) ?? 0) < 2 || entry.file === undefined) continue;
    const key = `${entry.mode} ${(await digestOfFile(entry.file)).digest}`;
    const before = first.get(key);
    if (before === undefined) first.set(key, entry.name);
    else Object.assign(entry, { type: "link", size: 0, linkname: before, file: undefined });
  }
  return entries;
}

async function fill(archive: Pack, entries: readonly Entry[]): Promise<void> {
  for (const entry of entries) await add(archive, entry);
  archive.finalize();
}

function add(archive: Pack, { file, ...entry }: Entry, content?: Buffer): Promise<void> {
  const header = { ...entry, uid: 0, gid: 0, mtime: new Date(fixedTime * 1000) };
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    if (file === undefined) {
      archive.entry(header, content ?? Buffer.alloc(0), done);
      return;
    }
    const sink = archive.entry(header, done);
    // An archive that is given up ends its entry with an error too, which nobody else hears.
    sink.on("error", reject);
    if (entry.size > worthLinking) pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), sink).catch(reject);
    else readFile(file).then((bytes) => sink.end(bytes), reject);
  });
}

export interface Whole {
  /** The finished bundle; replaced only when the new one is whole. */
  out: string;
  work: string;
  members: Member[];
  purpose: Purpose;
  /** Folder of the keys; undefined: not signed. */
  keys: string | undefined;
  signal: AbortSignal;
}

export async function writeBundle({ out, work, members, purpose, keys, signal }: Whole): Promise<void> {
  const manifest = Buffer.from(renderManifest({ format: FORMAT, key: contentKey(members), purpose, members }));
  const signature = keys === undefined ? undefined : Buffer.from(`${JSON.stringify(sign(keys, manifest))}\n`);
  const archive = pack();
  const plain = (name: string, content: Buffer) =>
    add(archive, { name, type: "file", mode: 0o644, size: content.length }, content);
  const filling = async (): Promise<void> => {
    await plain(MANIFEST, manifest);
    if (signature !== undefined) await plain(SIGNATURE, signature);
    await fill(
      archive,
      members.map(({ path, size }): Entry => ({ name: path, type: "file", mode: 0o644, size, file: join(work, path) })),
    );
  };
  const temporary = `${out}.${process.pid}.tmp`;
  try {
    const filled = filling().catch((error: unknown) => archive.destroy(error as Error));
    await pipeline(archive as unknown as AsyncIterable<Buffer>, createWriteStream(temporary), { signal });
    await filled;
    await syncFile(temporary);
    await rename(temporary, out);
  } catch (error) {
    await rm(temporary, { force: true });
    throw explained(error, out);
  }
}

/** Names a bundle's members in their order: Node first, because a shell script looks for it. */
export const inOrder = (a: Content, b: Content): number => rank(a) - rank(b) || (a.path < b.path ? -1 : 1);
const rank = ({ kind }: Content): number => (kind === "node" ? 0 : kind === "packages" ? 1 : 2);

function explained(error: unknown, file: string): unknown {
  if (!["ENOSPC", "EDQUOT"].includes(codeOf(error))) return error;
  return new CliError(
    `The disk is full: ${file} cannot be written. A bundle needs about twice its size while it is made. Free some and run this again.`,
    { cause: error },
  );
}

export const shortHash = (text: string | Buffer): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 16);
