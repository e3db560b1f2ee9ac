/** Looks at all go.sum files of the projects, keeps what is new, and says what does not fit. */
import { type Change, changeText, findChanges } from "../../domain/gosum/archive.ts";
import { type GoSum, mergeGoSums, parseGoSum } from "../../domain/gosum/parse.ts";
import { messageOf } from "../errors.ts";
import { contentHash } from "./files.ts";
import { type Look, type Seen, writeSeen } from "./seen.ts";
import { type GoSumFile, readGoSum } from "./sources.ts";
import { type Kept, keepGoSums, type Opened } from "./store.ts";

export interface Read {
  kept: Kept[];
  parsed: { at: GoSumFile; goSum: GoSum }[];
  /** Files that cannot be read and lines that are no sums. */
  problems: string[];
}

/** How many lines that are wrong are told of one file. */
const MOST_TOLD = 5;

export function readAll(files: readonly GoSumFile[]): Read {
  const read: Read = { kept: [], parsed: [], problems: [] };
  for (const at of files) {
    try {
      const text = readGoSum(at.file);
      if (text === undefined) continue;
      const goSum = parseGoSum(text);
      read.kept.push({ ...at, text });
      read.parsed.push({ at, goSum });
      read.problems.push(...problemLines(at.file, goSum));
    } catch (error) {
      read.problems.push(messageOf(error));
    }
  }
  return read;
}

function problemLines(file: string, { problems }: GoSum): string[] {
  const told = problems.slice(0, MOST_TOLD).map(({ line, message }) => `${file}:${line}: ${message}`);
  const more = problems.length - told.length;
  return more > 0 ? [...told, `${file}: and ${more} more lines that are no sums`] : told;
}

export function changesIn({ archive }: Pick<Opened, "archive">, { parsed }: Pick<Read, "parsed">): Change[] {
  return parsed.flatMap(({ at, goSum }) => findChanges(archive, at, goSum));
}

/** For when a stamp has changed; see `seen.ts`. */
export async function lookAtGoSums(
  stateDir: string,
  stack: string,
  files: readonly GoSumFile[],
  stamps: Record<string, string>,
): Promise<Look> {
  const read = readAll(files);
  const opened = await keepGoSums(stateDir, read.kept, new Date());
  const warnings = [...changesIn(opened, read).map(changeText), ...read.problems];
  const modules = mergeGoSums(read.parsed.map(({ goSum }) => goSum));
  const seen: Seen = { version: 1, stamps, warnings, modules: modules === "" ? "" : contentHash(modules) };
  writeSeen(stateDir, stack, seen);
  return { warnings, modules: seen.modules, news: opened.notes.map((note) => `go.sum archive: ${note}`) };
}

/** The lines of all of them, each once. */
export const mergedText = (files: readonly GoSumFile[]): string =>
  mergeGoSums(readAll(files).parsed.map(({ goSum }) => goSum));
