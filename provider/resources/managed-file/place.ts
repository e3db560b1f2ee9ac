/** Where a managed file is: its path as declared, and the file behind it when links are followed. */
import path from "node:path";
import type { Host } from "../../host.ts";
import type { FileStat } from "../../host-files.ts";

export interface Place {
  /** The plain file to read and write. */
  file: string;
  /** The same, when it is not at the declared path. */
  target?: string;
  stat: FileStat | undefined;
}

export async function pathProblem(host: Host, file: unknown): Promise<string | undefined> {
  const problem = spellingProblem(file);
  if (problem !== undefined) return problem;
  return kindProblem(host, String(file));
}

function spellingProblem(file: unknown): string | undefined {
  if (typeof file !== "string" || file === "")
    return `must be an absolute path, but is ${JSON.stringify(file) ?? "missing"}`;
  const shown = JSON.stringify(file);
  if (!path.isAbsolute(file)) return `is ${shown}; must be an absolute path, starting with /`;
  if (file.includes("\0")) return `is ${shown}; a path cannot contain a zero byte`;
  if (path.normalize(file) !== file || file.endsWith("/"))
    return `is ${shown}; must be written plainly: ${path.resolve(file)}`;
  return undefined;
}

export async function kindProblem(host: Host, file: string): Promise<string | undefined> {
  const found = await host.files.stat(file);
  const shown = JSON.stringify(file);
  if (found === undefined || found.kind === "file") return undefined;
  if (found.kind === "folder") return `is ${shown}, a folder; name a file`;
  if (found.kind === "other") return `is ${shown}, a device, pipe or socket; name a plain file`;
  const target = await linkTarget(host, file);
  return `is ${shown}, a symbolic link to ${target}; manage ${target} instead, set symlink to "follow", or replace the link by a file first`;
}

async function linkTarget(host: Host, file: string): Promise<string> {
  return path.resolve(path.dirname(file), await host.files.link(file));
}

// As many as Linux itself follows.
const mostLinks = 40;

/** Throws what is wrong with the path, or with the link at it. */
export async function locate(host: Host, file: string, symlink: "refuse" | "follow"): Promise<Place> {
  const spelling = spellingProblem(file);
  if (spelling !== undefined) throw new Error(`the path ${spelling}`);
  let at = file;
  let stat = await host.files.stat(at);
  if (symlink === "follow") {
    for (let links = 0; stat?.kind === "link"; links += 1) {
      if (links === mostLinks)
        throw new Error(`the path ${file} is a symbolic link that leads in a circle; put it right`);
      at = await linkTarget(host, at);
      stat = await host.files.stat(at);
      if (stat === undefined)
        throw new Error(
          `the path ${file} is a symbolic link to ${at}, which is not there; make that file, or remove the link`,
        );
    }
  }
  if (stat !== undefined && stat.kind !== "file") throw new Error(`the path ${await kindProblem(host, at)}`);
  return { file: at, stat, ...(at === file ? {} : { target: at }) };
}

/** What a look at reality finds; unlike `locate` it has no opinion about it. */
export async function look(host: Host, file: string, follow: boolean): Promise<Place> {
  let at = file;
  let stat = await host.files.stat(at);
  for (let links = 0; follow && stat?.kind === "link" && links < mostLinks; links += 1) {
    at = await linkTarget(host, at);
    stat = await host.files.stat(at);
  }
  return { file: at, stat, ...(at === file ? {} : { target: at }) };
}

const running = new Map<string, Promise<unknown>>();

/** Resources can share a file: one at a time changes it. */
export async function oneAtATime<T>(host: Host, file: string, work: () => Promise<T>): Promise<T> {
  const key = host.files.real(file);
  const before = running.get(key) ?? Promise.resolve();
  const now = before.then(work, work);
  running.set(key, now);
  try {
    return await now;
  } finally {
    if (running.get(key) === now) running.delete(key);
  }
}
