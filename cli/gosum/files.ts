/** The kept files: each content once, compressed, under the name of its SHA-256. */
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { type GoSum, parseGoSum } from "../../domain/gosum/parse.ts";
import { messageOf } from "../errors.ts";
import { namesIn } from "../folders.ts";
import { writeFileAtomic } from "../setup/record.ts";
import { archiveFolder } from "./folder.ts";

const filesFolder = (stateDir: string): string => join(archiveFolder(stateDir), "files");
const contentFile = (stateDir: string, content: string): string => join(filesFolder(stateDir), `${content}.gz`);

export const contentHash = (text: string | Uint8Array): string => createHash("sha256").update(text).digest("hex");

/** On the disk, not only on its way there, when it returns. */
export function keepContent(stateDir: string, content: string, text: string): void {
  const file = contentFile(stateDir, content);
  mkdirSync(filesFolder(stateDir), { recursive: true, mode: 0o700 });
  writeFileAtomic(file, gzipSync(text), 0o600);
  const descriptor = openSync(file, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** True for one that is whole: a damaged one is written again when its content comes by. */
export function hasContent(stateDir: string, content: string): boolean {
  try {
    readKept(stateDir, content);
    return true;
  } catch {
    return false;
  }
}

/** Its sums; none, with a note, when it is not what was kept. */
export function readContent(stateDir: string, content: string, notes: string[]): GoSum {
  try {
    return parseGoSum(readKept(stateDir, content));
  } catch (error) {
    notes.push(`${contentFile(stateDir, content)} cannot be used: ${messageOf(error)}`);
    return { sums: [], problems: [] };
  }
}

function readKept(stateDir: string, content: string): string {
  const bytes = gunzipSync(readFileSync(contentFile(stateDir, content)));
  if (contentHash(bytes) !== content) throw new Error("it holds something else than was kept");
  return bytes.toString("utf8");
}

/** All that are kept, with the time (ISO 8601) at which each was written. */
export function keptContents(stateDir: string): { content: string; time: string }[] {
  return namesIn(filesFolder(stateDir)).flatMap((name) => {
    const content = /^([0-9a-f]{64})\.gz$/.exec(name)?.[1];
    if (content === undefined) return [];
    return [{ content, time: statSync(contentFile(stateDir, content)).mtime.toISOString() }];
  });
}

/** Removes what killed runs left half written. Only for who holds the lock: then it is nobody's. */
export function sweepHalves(stateDir: string): void {
  for (const folder of [archiveFolder(stateDir), filesFolder(stateDir)]) {
    for (const name of namesIn(folder)) if (name.endsWith(".tmp")) rmSync(join(folder, name), { force: true });
  }
}
