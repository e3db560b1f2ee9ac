/** Which go.sum files a project has. */
import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { LoadedSettings } from "../../config/load.ts";
import { absolutePath } from "../../domain/plan.ts";
import { CliError, codeOf, messageOf } from "../errors.ts";

export interface GoSumFile {
  /** The project's folder. */
  project: string;
  file: string;
}

/** Far above the largest that is known. */
const MOST_BYTES = 64 * 2 ** 20;

/** The project's own, its workspace's, and those of the modules that the workspace uses. Not all of them have to be there. */
export function goSumFiles(settings: Pick<LoadedSettings, "projects">, root: string): GoSumFile[] {
  const folders = settings.projects.map(({ path }) => absolutePath(path, { root, home: homedir() }));
  const all = folders.flatMap((project) => {
    const used = workspaceFolders(project);
    const files = [...new Set([project, ...(used ?? [])])].map((folder) => join(folder, "go.sum"));
    return [...files, ...(used === undefined ? [] : [join(project, "go.work.sum")])].map((file) => ({ project, file }));
  });
  // Of two projects of one workspace the first counts.
  return all.filter(({ file }, index) => all.findIndex((one) => one.file === file) === index);
}

/** Folders in `use` of a go.work; undefined without one. */
function workspaceFolders(project: string): string[] | undefined {
  const text = readIfThere(join(project, "go.work"));
  if (text === undefined) return undefined;
  const folders: string[] = [];
  let inside = false;
  for (const raw of text.split("\n")) {
    const line = raw.replace(/\/\/.*$/, "").trim();
    if (/^use\s*\($/.test(line)) inside = true;
    else if (line === ")") inside = false;
    else if (inside && line !== "") folders.push(line);
    else if (/^use\s/.test(line)) folders.push(line.slice(4).trim());
  }
  return folders.map((folder) => resolve(project, folder.replace(/^(["`])(.*)\1$/, "$2")));
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return undefined;
    throw new CliError(`${file} cannot be read: ${messageOf(error)}`);
  }
}

/** Text of a go.sum; undefined when there is none. */
export function readGoSum(file: string): string | undefined {
  const size = stampOf(file)?.size;
  if (size === undefined) return undefined;
  if (size > MOST_BYTES) {
    throw new CliError(`${file} is ${size} bytes long; no go.sum has more than ${MOST_BYTES}. Look at what it holds.`);
  }
  return readIfThere(file);
}

/** Changes whenever the file does, for the price of one look; undefined when it is not there. */
export function stampOf(file: string): { size: number; stamp: string } | undefined {
  const info = statSync(file, { bigint: true, throwIfNoEntry: false });
  if (info === undefined) return undefined;
  return { size: Number(info.size), stamp: `${info.size}-${info.mtimeNs}-${info.ctimeNs}-${info.ino}` };
}
