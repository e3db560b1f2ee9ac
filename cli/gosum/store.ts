/**
 * The archive on disk, below the state folder:
 *   gosum/files/<sha256>.gz   each go.sum content once, for good
 *   gosum/sightings.jsonl     what was seen where and when; only ever added to
 *   gosum/index.json          follows from the two; made again when it is not what it should be
 */
import { mkdirSync } from "node:fs";
import { type Archive, addSighting, emptyArchive, type Sighting } from "../../domain/gosum/archive.ts";
import { type GoSum, parseGoSum } from "../../domain/gosum/parse.ts";
import { withLock } from "../../provider/lock.ts";
import { messageOf } from "../errors.ts";
import { interrupted } from "../interrupt.ts";
import { contentHash, hasContent, keepContent, keptContents, readContent, sweepHalves } from "./files.ts";
import { archiveFolder } from "./folder.ts";
import { type Index, readIndex, removeIndex, writeIndex } from "./index-file.ts";
import { appendSightings, beginJournal, type Journal, readSightings, replaceSightings } from "./sightings.ts";

export interface Opened {
  archive: Archive;
  /** Oldest first. */
  sightings: Sighting[];
  /** What was damaged, and what was done about it. */
  notes: string[];
}

/** One go.sum that is to be kept. */
export interface Kept {
  project: string;
  file: string;
  text: string;
}

/**
 * Keeps what is new. One writer at a time; a kill at any point leaves a whole archive that lacks at most what this run
 * had to add, and that the next run sees again.
 */
export async function keepGoSums(
  stateDir: string,
  all: readonly Kept[],
  now: Date,
): Promise<Opened & { added: Sighting[] }> {
  return await withLock(`gosum:${contentHash(stateDir).slice(0, 12)}`, { signal: interrupted }, async () => {
    mkdirSync(archiveFolder(stateDir), { recursive: true, mode: 0o700 });
    sweepHalves(stateDir);
    const { archive, sightings, notes, covered, broken } = open(stateDir);
    if (broken) {
      // First the index, which counts on the bytes of the old file.
      removeIndex(stateDir);
      replaceSightings(stateDir, sightings, now, notes);
    }
    beginJournal(stateDir);
    const last = new Map(sightings.map((sighting) => [sighting.file, sighting.content]));
    const added: Sighting[] = [];
    for (const { project, file, text } of all) {
      const content = contentHash(text);
      const whole = hasContent(stateDir, content);
      if (last.get(file) === content && whole) continue;
      if (!whole) keepContent(stateDir, content, text);
      const sighting = { time: now.toISOString(), project, file, content };
      added.push(sighting);
      addSighting(archive, sighting, parseGoSum(text));
    }
    const bytes = appendSightings(stateDir, added);
    if (bytes.length !== covered) writeIndex(stateDir, archive, bytes);
    return { archive, sightings: [...sightings, ...added], notes, added };
  });
}

/** Reads the archive without changing it. */
export function openArchive(stateDir: string): Opened {
  const { archive, sightings, notes } = open(stateDir);
  return { archive, sightings, notes };
}

interface Found extends Opened {
  /** Bytes of the sightings that the index on the disk knows. */
  covered: number;
  /** The sightings on the disk are not all there. */
  broken: boolean;
}

function open(stateDir: string): Found {
  const journal = readSightings(stateDir);
  const { bytes, notes } = journal;
  const index = journal.broken ? undefined : usableIndex(stateDir, journal);
  const sightings = journal.broken ? withOrphans(stateDir, journal.sightings) : journal.sightings;
  const archive = index?.archive ?? emptyArchive();
  const covered = index?.covered ?? -1;
  const parsed = new Map<string, GoSum>();
  for (const [position, sighting] of sightings.entries()) {
    if ((journal.ends[position] ?? bytes.length) <= covered) continue;
    const goSum = parsed.get(sighting.content) ?? readContent(stateDir, sighting.content, notes);
    parsed.set(sighting.content, goSum);
    addSighting(archive, sighting, goSum);
  }
  return { archive, sightings, notes, covered, broken: journal.broken };
}

/** Kept files of which nothing is told any more count too, from the time at which they were written. */
function withOrphans(stateDir: string, told: readonly Sighting[]): Sighting[] {
  const known = new Set(told.map(({ content }) => content));
  const orphans = keptContents(stateDir)
    .filter(({ content }) => !known.has(content))
    .map(({ content, time }) => ({ time, project: "(unknown)", file: "", content }));
  return [...told, ...orphans].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

/** Marks the journal as broken when the index knows that it was longer. */
function usableIndex(stateDir: string, journal: Journal): Index | undefined {
  try {
    const index = readIndex(stateDir, journal.bytes);
    if (index === undefined || index.fits) return index;
    journal.broken = index.covered > journal.bytes.length;
    throw new Error(journal.broken ? "it knows more than was written down" : "it is of other sightings");
  } catch (error) {
    journal.notes.push(`the index was damaged (${messageOf(error)}) and is made again from the kept files`);
    return undefined;
  }
}
