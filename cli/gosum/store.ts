/**
 * The archive on disk, below the state folder:
 *   gosum/files/<sha256>.gz   each go.sum content once, for good
 *   gosum/sightings.jsonl     what was seen where and when; only ever added to
 *   gosum/index.json          follows from the two; made again when it is not what it should be
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { type Archive, addSighting, emptyArchive, type Sighting } from "../../domain/gosum/archive.ts";
import { type GoSum, parseGoSum } from "../../domain/gosum/parse.ts";
import { withLock } from "../../provider/lock.ts";
import { codeOf, messageOf } from "../errors.ts";
import { interrupted } from "../interrupt.ts";
import { writeFileAtomic } from "../setup/record.ts";
import { readIndex, writeIndex } from "./index-file.ts";

export interface Opened {
  archive: Archive;
  sightings: Sighting[];
  /** What was damaged, and what was done about it. */
  notes: string[];
}

export const archiveFolder = (stateDir: string): string => join(stateDir, "gosum");
const filesFolder = (stateDir: string): string => join(archiveFolder(stateDir), "files");
const contentFile = (stateDir: string, content: string): string => join(filesFolder(stateDir), `${content}.gz`);
const sightingsFile = (stateDir: string): string => join(archiveFolder(stateDir), "sightings.jsonl");

export const contentHash = (text: string): string => createHash("sha256").update(text).digest("hex");

/** One go.sum that is to be kept. */
export interface Kept {
  project: string;
  file: string;
  text: string;
}

/**
 * Keeps what is new, and returns the archive as it was before and what was added. One writer at a time; a kill at any point
 * leaves a whole archive that lacks at most the last file, which the next run sees again.
 */
export async function keep(
  stateDir: string,
  all: readonly Kept[],
  now: Date,
): Promise<Opened & { before: Archive; added: number }> {
  return await withLock(`gosum:${contentHash(stateDir).slice(0, 12)}`, { signal: interrupted }, async () => {
    mkdirSync(filesFolder(stateDir), { recursive: true, mode: 0o700 });
    sweep(filesFolder(stateDir));
    const opened = openArchive(stateDir);
    const before: Archive = {
      projects: [...opened.archive.projects],
      entries: new Map(opened.archive.entries),
    };
    const last = new Map(opened.sightings.map((sighting) => [sighting.file, sighting.content]));
    const fresh: Sighting[] = [];
    for (const { project, file, text } of all) {
      const content = contentHash(text);
      if (last.get(file) === content && hasContent(stateDir, content)) continue;
      if (!hasContent(stateDir, content)) writeSynced(contentFile(stateDir, content), gzipSync(text));
      const sighting = { time: now.toISOString(), project, file, content };
      fresh.push(sighting);
      addSighting(opened.archive, sighting, parseGoSum(text));
    }
    if (fresh.length > 0) append(sightingsFile(stateDir), fresh);
    if (fresh.length > 0 || opened.notes.length > 0 || opened.stale) {
      writeIndex(archiveFolder(stateDir), opened.archive, sizeOf(sightingsFile(stateDir)));
    }
    return { ...opened, sightings: [...opened.sightings, ...fresh], before, added: fresh.length };
  });
}

/** Reads the archive without changing it. */
export function openArchive(stateDir: string): Opened & { stale: boolean } {
  const notes: string[] = [];
  const { sightings, ends, size } = readSightings(stateDir, notes);
  let index: ReturnType<typeof readIndex>;
  try {
    index = readIndex(archiveFolder(stateDir));
    if (index !== undefined && index.covered > size) throw new Error("it knows more than was seen");
  } catch (error) {
    index = undefined;
    notes.push(`the index was damaged (${messageOf(error)}) and is made again from the kept files`);
  }
  const archive = index?.archive ?? emptyArchive();
  const covered = index?.covered ?? 0;
  const rest = sightings.filter((_, position) => (ends[position] ?? 0) > covered);
  const parsed = new Map<string, GoSum>();
  for (const sighting of rest) {
    const goSum = parsed.get(sighting.content) ?? readContent(stateDir, sighting.content, notes);
    parsed.set(sighting.content, goSum);
    addSighting(archive, sighting, goSum);
  }
  return { archive, sightings, notes, stale: rest.length > 0 };
}

/** The sightings, and for each the position behind its line. */
function readSightings(stateDir: string, notes: string[]): { sightings: Sighting[]; ends: number[]; size: number } {
  const file = sightingsFile(stateDir);
  const bytes = readIfThere(file);
  if (bytes === undefined) {
    if (existsSync(filesFolder(stateDir)) && readdirSync(filesFolder(stateDir)).some((name) => name.endsWith(".gz"))) {
      notes.push(`${file} is gone; the kept files are there, but not where and when they were seen`);
    }
    return { sightings: [], ends: [], size: 0 };
  }
  const sightings: Sighting[] = [];
  const ends: number[] = [];
  let start = 0;
  for (let line = 1; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline === -1 ? bytes.length : newline;
    const sighting = parseSighting(bytes.toString("utf8", start, end));
    start = end + 1;
    if (sighting !== undefined) {
      sightings.push(sighting);
      ends.push(start);
    } else if (newline !== -1) {
      notes.push(`${file}:${line}: is damaged and was left out`);
    }
    // Without an end it is the last, cut off by a kill: never finished, so never promised.
  }
  return { sightings, ends, size: bytes.length };
}

function parseSighting(text: string): Sighting | undefined {
  try {
    const { time, project, file, content } = JSON.parse(text) as Partial<Sighting>;
    const whole = [time, project, file].every((one) => typeof one === "string") && /^[0-9a-f]{64}$/.test(content ?? "");
    return whole ? ({ time, project, file, content } as Sighting) : undefined;
  } catch {
    return undefined;
  }
}

/** A kept file; empty, with a note, when it is not what was kept. */
export function readContent(stateDir: string, content: string, notes: string[]): GoSum {
  const file = contentFile(stateDir, content);
  try {
    const text = gunzipSync(readFileSync(file)).toString("utf8");
    if (contentHash(text) === content) return parseGoSum(text);
    notes.push(`${file} holds something else than was kept`);
  } catch (error) {
    notes.push(`${file} cannot be read: ${messageOf(error)}`);
  }
  return { sums: [], problems: [] };
}

/** True for a kept file that is whole: a damaged one is written again when its content comes by. */
function hasContent(stateDir: string, content: string): boolean {
  const bytes = readIfThere(contentFile(stateDir, content));
  if (bytes === undefined) return false;
  try {
    return contentHash(gunzipSync(bytes).toString("utf8")) === content;
  } catch {
    return false;
  }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

const sizeOf = (file: string): number => readIfThere(file)?.length ?? 0;

/** In one write, on the disk before anything follows from it. A line that a kill cut off is ended first. */
function append(file: string, sightings: readonly Sighting[]): void {
  const descriptor = openSync(file, "a+", 0o600);
  try {
    const { size } = fstatSync(descriptor);
    const last = Buffer.alloc(1);
    if (size > 0) readSync(descriptor, last, 0, 1, size - 1);
    const gap = size > 0 && last[0] !== 10 ? "\n" : "";
    writeSync(descriptor, gap + sightings.map((sighting) => `${JSON.stringify(sighting)}\n`).join(""));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeSynced(file: string, content: Buffer): void {
  writeFileAtomic(file, content, 0o600);
  const descriptor = openSync(file, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Halves of killed runs; nobody else writes now, so none is somebody's. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) if (name.endsWith(".tmp")) rmSync(join(folder, name), { force: true });
}
