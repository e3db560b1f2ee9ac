/** What a system's time zone was before we set it, kept in `<state>/originals/timezone-<hash of the root>/record.json`. */
import path from "node:path";
import { isPrivilegedPath } from "../domain/machine/privileged.ts";
import type { Host } from "./host.ts";
import { missingFolders } from "./host-files.ts";
import { sha256 } from "./originals.ts";

type First =
  | { kind: "link"; target: string }
  | { kind: "file"; mode: number; uid: number; gid: number; base64: string }
  | undefined;

export interface FirstZone {
  /** /etc/localtime; absent when there was nothing. */
  link?: First;
  /** /etc/timezone. */
  text?: First;
  /** Folders that we made, outermost first. */
  folders: string[];
  /** Zones that we set: any other is somebody's choice. */
  ours: string[];
}

export const placesOf = (root: string): { link: string; text: string } => ({
  link: path.join(root, "etc/localtime"),
  text: path.join(root, "etc/timezone"),
});

const folderOf = (host: Host, root: string): string =>
  path.join(host.folders.state, "originals", `timezone-${sha256(root)}`);

const recordOf = (host: Host, root: string): string => path.join(folderOf(host, root), "record.json");

export async function loadFirst(host: Host, root: string): Promise<FirstZone | undefined> {
  const record = recordOf(host, root);
  const text = await host.files.text(record);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as FirstZone;
  } catch {
    throw new Error(
      `${record} is damaged, so the first time zone cannot be told; move that folder away to go on without it`,
    );
  }
}

/** Before every write of ours. What is there the first time is the original. */
export async function keepFirst(host: Host, root: string, zone: string): Promise<void> {
  const known = await loadFirst(host, root);
  if (known?.ours.includes(zone)) return;
  const { link, text } = placesOf(root);
  const first: FirstZone = known ?? {
    link: await lookAt(host, link),
    text: await lookAt(host, text),
    folders: await missingFolders(host.files, path.dirname(link)),
    ours: [],
  };
  await host.files.makeFolder(folderOf(host, root), 0o700);
  const record = { ...first, ours: [...first.ours, zone] };
  await host.files.write(recordOf(host, root), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
}

export async function giveBack(host: Host, root: string, first: FirstZone): Promise<void> {
  const { link, text } = placesOf(root);
  await put(host, link, first.link);
  await put(host, text, first.text);
  for (const folder of first.folders.toReversed()) if (!(await host.files.removeEmptyFolder(folder))) break;
}

export async function forgetFirst(host: Host, root: string): Promise<void> {
  await host.files.remove(recordOf(host, root));
  await host.files.removeEmptyFolder(folderOf(host, root));
}

async function lookAt(host: Host, file: string): Promise<First> {
  const found = await host.files.stat(file);
  if (found?.kind === "link") return { kind: "link", target: await host.files.link(file) };
  const content = found?.kind === "file" ? await host.files.read(file) : undefined;
  if (found === undefined || content === undefined) return undefined;
  return { kind: "file", mode: found.mode, uid: found.uid, gid: found.gid, base64: content.toString("base64") };
}

async function put(host: Host, file: string, first: First): Promise<void> {
  if (first === undefined) return await host.files.remove(file);
  await host.files.makeFolder(path.dirname(file));
  if (first.kind === "link") return await host.files.writeLink(file, first.target);
  const { mode, uid, gid, base64 } = first;
  const content = Buffer.from(base64, "base64");
  const options = { mode, owner: { uid, gid } };
  // In the place of a link of ours: among the helper's verbs that is `restore` alone.
  if (host.privileged === undefined || !isPrivilegedPath(file)) await host.files.write(file, content, options);
  else await host.privileged.restore(file, content, options);
}
