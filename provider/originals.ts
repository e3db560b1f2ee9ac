/**
 * First contents of files that we manage, kept outside the engine's state in `<state>/originals/<sha256 of the path>/`
 * (0700, files 0600) until they are given back. `record.json` is written last: without it there is no original.
 */
import { createHash } from "node:crypto";
import path from "node:path";
import type { Host } from "./host.ts";

export interface Original {
  path: string;
  /** What stood there: null when nothing did. Its bytes are in the file `content` beside the record. */
  was: { mode: number; uid: number; gid: number; sha256: string } | null;
  /** Parent folders that we made, outermost first. */
  folders: string[];
  /** Hashes of what we wrote, newest last: anything else on disk is somebody's edit. */
  ours: string[];
}

const keptHashes = 16;

export function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

function folderOf(host: Host, file: string): string {
  return path.join(host.folders.state, "originals", sha256(file));
}

export async function loadOriginal(host: Host, file: string): Promise<Original | undefined> {
  const record = path.join(folderOf(host, file), "record.json");
  const text = await host.files.text(record);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Original;
  } catch {
    throw new Error(
      `${record} is damaged, so the first content of ${file} cannot be told; move that folder away to go on without it`,
    );
  }
}

/** Before every write of ours: the original is safe on disk, and what we are about to write is known as ours. */
export async function keepOriginal(
  host: Host,
  file: string,
  about: { writing: string; folders: string[] },
): Promise<void> {
  const known = await loadOriginal(host, file);
  const ours = [...(known?.ours ?? []).filter((hash) => hash !== about.writing), about.writing].slice(-keptHashes);
  if (known !== undefined) {
    const folders = [...known.folders, ...about.folders.filter((made) => !known.folders.includes(made))];
    if (known.ours.at(-1) !== about.writing || folders.length !== known.folders.length) {
      await saveRecord(host, { ...known, folders, ours });
    }
    return;
  }
  const found = await host.files.stat(file);
  const content = found === undefined ? undefined : await host.files.read(file);
  await host.files.makeFolder(folderOf(host, file), 0o700);
  let was: Original["was"] = null;
  if (found !== undefined && content !== undefined) {
    was = { mode: found.mode, uid: found.uid, gid: found.gid, sha256: sha256(content) };
    await host.files.write(path.join(folderOf(host, file), "content"), content, { mode: 0o600 });
  }
  await saveRecord(host, { path: file, was, folders: about.folders, ours });
}

async function saveRecord(host: Host, record: Original): Promise<void> {
  const file = path.join(folderOf(host, record.path), "record.json");
  await host.files.write(file, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
}

/** The first content, checked: a damaged copy is never given back as if it were the original. */
export async function originalContent(host: Host, original: Original): Promise<Buffer> {
  const file = path.join(folderOf(host, original.path), "content");
  const content = await host.files.read(file);
  if (content === undefined || sha256(content) !== original.was?.sha256) {
    throw new Error(
      `the kept first content of ${original.path} (${file}) is ${content === undefined ? "missing" : "damaged"}; ${original.path} was left as it is`,
    );
  }
  return content;
}

export async function forgetOriginal(host: Host, file: string): Promise<void> {
  const folder = folderOf(host, file);
  // The record goes first: a copy without a record is no original.
  await host.files.remove(path.join(folder, "record.json"));
  await host.files.remove(path.join(folder, "content"));
  await host.files.removeEmptyFolder(folder);
}
