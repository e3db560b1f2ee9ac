/**
 * First contents of files that we manage, kept outside the engine's state in `<state>/originals/<sha256 of the path>/`
 * (0700, files 0600) until they are given back. `record.json` is written last: without it there is no original.
 */
import { createHash } from "node:crypto";
import path from "node:path";
import type { Touch } from "../domain/files/format.ts";
import type { Host } from "./host.ts";

export interface Original {
  path: string;
  /** What stood there: null when nothing did. Its bytes are in the file `content` beside the record. */
  was: { mode: number; uid: number; gid: number; sha256: string } | null;
  /** Parent folders that we made, outermost first. */
  folders: string[];
  /** Hashes of what we wrote, newest last: anything else on disk is somebody's edit. */
  ours: string[];
  /** The file behind the symbolic link at `path`. */
  target?: string;
  /** Octal, as last set by us; absent when the file kept its own. */
  permissions?: string;
  /** When only keys or blocks are ours: how to take them out again. Absent when all of the file is. */
  part?: Part;
}

export interface Part {
  format: PartFormat;
  touch: Touch;
  /**
   * Changes of which keys a resource has, until the engine is known to have noted them: a run that was killed leaves the
   * engine with the keys of before.
   */
  steps?: { from: string[][]; to: string[][] }[];
}

export type PartFormat = "ini" | "json" | "block";

export interface Writing {
  /** Hash of what is about to be written. */
  writing: string;
  folders: string[];
  /** The plain file that is written. */
  file: string;
  target?: string;
  permissions?: string;
  part?: Part;
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
export async function keepOriginal(host: Host, name: string, about: Writing): Promise<void> {
  const known = await loadOriginal(host, name);
  const ours = [...(known?.ours ?? []).filter((hash) => hash !== about.writing), about.writing].slice(-keptHashes);
  const { target, permissions, part } = about;
  const more = {
    ...(target === undefined ? {} : { target }),
    ...(permissions === undefined ? {} : { permissions }),
    ...(part === undefined ? {} : { part }),
  };
  if (known !== undefined) {
    const folders = [...known.folders, ...about.folders.filter((made) => !known.folders.includes(made))];
    const record = { ...known, folders, ours, ...more };
    if (JSON.stringify(record) !== JSON.stringify(known)) await saveRecord(host, record);
    return;
  }
  const found = await host.files.stat(about.file);
  const content = found === undefined ? undefined : await host.files.read(about.file);
  await host.files.makeFolder(folderOf(host, name), 0o700);
  let was: Original["was"] = null;
  if (found !== undefined && content !== undefined) {
    was = { mode: found.mode, uid: found.uid, gid: found.gid, sha256: sha256(content) };
    await host.files.write(path.join(folderOf(host, name), "content"), content, { mode: 0o600 });
  }
  await saveRecord(host, { path: name, was, folders: about.folders, ours, ...more });
}

export async function saveRecord(host: Host, record: Original): Promise<void> {
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
  // Then everything else, temporary files of a run that was killed among it: nothing in there is anybody's but ours.
  for (const { name } of await host.files.list(folder)) await host.files.remove(path.join(folder, name));
  await host.files.removeEmptyFolder(folder);
}
