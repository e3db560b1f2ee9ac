/** The journal of the archive: one line for each go.sum that was new, in the order in which they were seen. */
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Sighting } from "../../domain/gosum/archive.ts";
import { codeOf } from "../errors.ts";
import { writeFileAtomic } from "../setup/record.ts";
import { keptContents } from "./files.ts";
import { archiveFolder } from "./folder.ts";

export interface Journal {
  sightings: Sighting[];
  /** For each sighting the position behind its line. */
  ends: number[];
  bytes: Buffer;
  notes: string[];
  /** Something that was written is not there any more. */
  broken: boolean;
}

const fileOf = (stateDir: string): string => join(archiveFolder(stateDir), "sightings.jsonl");

export function readSightings(stateDir: string): Journal {
  const file = fileOf(stateDir);
  const found = readIfThere(file);
  const bytes = found ?? Buffer.alloc(0);
  const journal: Journal = { sightings: [], ends: [], bytes, notes: [], broken: false };
  let start = 0;
  for (let line = 1; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const text = bytes.toString("utf8", start, newline === -1 ? bytes.length : newline);
    const sighting = parseSighting(text);
    start = newline === -1 ? bytes.length : newline + 1;
    if (sighting !== undefined) {
      journal.sightings.push(sighting);
      journal.ends.push(start);
    } else if (newline !== -1) {
      journal.notes.push(`${file}:${line}: is damaged and was left out; what it told comes from the kept file`);
      journal.broken = true;
    }
    // A last line without an end was cut off by a kill: it was never finished, so nobody counts on it.
  }
  if (found === undefined && keptContents(stateDir).length > 0) {
    journal.notes.push(`${file} is gone; what it told comes from the kept files, without their projects`);
    journal.broken = true;
  }
  return journal;
}

/** In one write, and on the disk before anything follows from it. A last line that a kill cut off goes. Returns the whole content. */
export function appendSightings(stateDir: string, sightings: readonly Sighting[]): Buffer {
  const file = fileOf(stateDir);
  const before = readIfThere(file) ?? Buffer.alloc(0);
  if (sightings.length === 0) return before;
  const text = linesOf(sightings);
  const cut = before.length > 0 && before.at(-1) !== 10;
  if (cut) {
    const last = before.lastIndexOf(10) + 1;
    const whole = parseSighting(before.toString("utf8", last)) !== undefined;
    const kept = whole ? `${before.toString("utf8")}\n` : before.toString("utf8", 0, last);
    writeFileAtomic(file, kept + text, 0o600);
    return readFileSync(file);
  }
  const descriptor = openSync(file, "a", 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return readFileSync(file);
}

/** There before the first file is kept: kept files without it are a loss, not a beginning. */
export function beginJournal(stateDir: string): void {
  closeSync(openSync(fileOf(stateDir), "a", 0o600));
}

/** Puts what could be saved in place of a damaged file, which stays beside it. */
export function replaceSightings(stateDir: string, sightings: readonly Sighting[], now: Date, notes: string[]): void {
  const file = fileOf(stateDir);
  const damaged = readIfThere(file);
  if (damaged !== undefined) {
    const aside = `${file}.damaged-${now.toISOString().replaceAll(":", "")}`;
    writeFileAtomic(aside, damaged, 0o600);
    notes.push(`the damaged file is kept as ${aside}`);
  }
  writeFileAtomic(file, linesOf(sightings), 0o600);
}

const linesOf = (sightings: readonly Sighting[]): string =>
  sightings.map((sighting) => `${JSON.stringify(sighting)}\n`).join("");

function parseSighting(text: string): Sighting | undefined {
  try {
    const { time, project, file, content } = JSON.parse(text) as Partial<Sighting>;
    const texts = [time, project, file].every((one) => typeof one === "string");
    return texts && /^[0-9a-f]{64}$/.test(content ?? "") ? ({ time, project, file, content } as Sighting) : undefined;
  } catch {
    return undefined;
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
