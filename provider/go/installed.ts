/**
 * What we installed outside of files that a person wrote: `<state>/installed/<sha256 of the path>/record.json`, and a
 * manifest beside it where what is there is a folder. Without a record a path is not ours, and is never removed.
 */
import path from "node:path";
import type { Host } from "../host.ts";
import { sha256 } from "../originals.ts";

export interface Installed {
  path: string;
  /** Of the whole content: what is there must have it. */
  digest: string;
  /** Sum of the module that it came from. */
  sum: string;
  /** Parent folders that we made, outermost first. */
  folders: string[];
}

const folderOf = (host: Host, file: string): string => path.join(host.folders.state, "installed", sha256(file));

export async function loadInstalled(host: Host, file: string): Promise<Installed | undefined> {
  const record = path.join(folderOf(host, file), "record.json");
  const text = await host.files.text(record);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Installed;
  } catch {
    throw new Error(
      `${record} is damaged, so it cannot be told whether ${file} is ours; move that folder away to go on`,
    );
  }
}

/** Before what it speaks of is in place: a run that is killed in between still knows that it is ours. */
export async function saveInstalled(host: Host, record: Installed, manifest?: string): Promise<void> {
  const folder = folderOf(host, record.path);
  const known = await loadInstalled(host, record.path);
  const folders = [
    ...(known?.folders ?? []),
    ...record.folders.filter((made) => known?.folders.includes(made) !== true),
  ];
  await host.files.makeFolder(folder, 0o700);
  if (manifest !== undefined) await host.files.write(path.join(folder, "manifest"), manifest, { mode: 0o600 });
  const text = `${JSON.stringify({ ...record, folders }, null, 2)}\n`;
  await host.files.write(path.join(folder, "record.json"), text, { mode: 0o600 });
}

export const loadManifest = (host: Host, file: string): Promise<string | undefined> =>
  host.files.text(path.join(folderOf(host, file), "manifest"));

export async function forgetInstalled(host: Host, file: string): Promise<void> {
  const folder = folderOf(host, file);
  for (const name of ["record.json", "manifest"]) await host.files.remove(path.join(folder, name));
  await host.files.removeEmptyFolder(folder);
}

/** Those that we made, and `own`, which another of ours may have made for us; as far as they are empty. */
export async function removeMadeFolders(host: Host, made: readonly string[], own: readonly string[]): Promise<void> {
  const all = [...new Set([...made, ...own])].sort((a, b) => b.length - a.length);
  for (const folder of all) if (!(await host.files.removeEmptyFolder(folder))) break;
}
