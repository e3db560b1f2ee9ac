/**
 * All files of an SDK, compared with how we put them there.
 *
 * The usual look takes each file's name, size, mode and time of change (ours all have one time), and the content of go,
 * gofmt, compiler, assembler and linker: 6,300 files and 60 MB in a tenth of a second. The deep look hashes every file.
 */
import { createHash } from "node:crypto";
import { type Dirent, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";

export interface TreeFile {
  name: string;
  /** Size, mode and time of change, in a line. */
  looks: string;
}

const atOnce = 16;
/** Those that everything is built with: their content counts in every look. */
const isProgram = (name: string): boolean => /^(bin\/|pkg\/tool\/[^/]+\/(asm|compile|link)$)/.test(name);

const sha256 = (content: Buffer | string): string => createHash("sha256").update(content).digest("hex");

/** Sorted by name. `folder` is a path of this machine. */
export function listTree(folder: string): TreeFile[] {
  const files: TreeFile[] = [];
  const visit = (at: string): void => {
    for (const entry of readdirSync(path.join(folder, at), { withFileTypes: true })) {
      const name = at === "" ? entry.name : `${at}/${entry.name}`;
      if (entry.isDirectory()) visit(name);
      else files.push({ name, looks: looksOf(path.join(folder, name), name, entry) });
    }
  };
  visit("");
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function looksOf(file: string, name: string, entry: Dirent): string {
  const { size, mode, mtimeMs } = lstatSync(file);
  if (entry.isSymbolicLink()) return `link ${readlinkSync(file)}`;
  const looks = `${size} ${(mode & 0o7777).toString(8)} ${Math.round(mtimeMs)}`;
  return isProgram(name) && entry.isFile() ? `${looks} ${sha256(readFileSync(file))}` : looks;
}

/** Of everything that the usual look sees. */
export const treeDigest = (files: readonly TreeFile[]): string =>
  sha256(files.map(({ name, looks }) => `${looks} ${name}\n`).join(""));

/** What a later look is compared with: a line a file, its content's hash first. */
export async function renderManifest(folder: string, files: readonly TreeFile[]): Promise<string> {
  const hashes = await hashAll(
    folder,
    files.map(({ name }) => name),
  );
  return files.map(({ name, looks }, index) => `${hashes[index]}\t${looks}\t${name}\n`).join("");
}

interface Line {
  hash: string;
  looks: string;
}

function parseManifest(text: string): Map<string, Line> {
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(
    lines.map((line) => {
      const [hash = "", looks = "", ...name] = line.split("\t");
      return [name.join("\t"), { hash, looks }];
    }),
  );
}

/** Names that look different than the manifest says, with what happened to them; sorted. */
export function differences(files: readonly TreeFile[], manifest: string): string[] {
  const wanted = parseManifest(manifest);
  const changed = files.flatMap(({ name, looks }) => {
    const line = wanted.get(name);
    wanted.delete(name);
    if (line === undefined) return [`${name} added`];
    return line.looks === looks ? [] : [`${name} changed`];
  });
  return [...changed, ...[...wanted.keys()].map((name) => `${name} removed`)].sort();
}

/** Names of files whose content is not what the manifest says; sorted. */
export async function contentDifferences(folder: string, manifest: string): Promise<string[]> {
  const wanted = [...parseManifest(manifest)];
  const hashes = await hashAll(
    folder,
    wanted.map(([name]) => name),
  );
  return wanted.flatMap(([name, { hash }], index) => (hashes[index] === hash ? [] : [name])).sort();
}

/** Of a link its target, of what cannot be read nothing. */
async function hashAll(folder: string, names: readonly string[]): Promise<string[]> {
  const hashes: string[] = [];
  for (let at = 0; at < names.length; at += atOnce) {
    const some = names.slice(at, at + atOnce).map((name) => hashOf(path.join(folder, name)));
    hashes.push(...(await Promise.all(some)));
  }
  return hashes;
}

async function hashOf(file: string): Promise<string> {
  try {
    return lstatSync(file).isSymbolicLink() ? sha256(`link ${readlinkSync(file)}`) : sha256(await readFile(file));
  } catch {
    return "";
  }
}
