/** The archive's index as a file: a heading that says what it covers and its checksum, and below it the entries. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Archive, SeenHash } from "../../domain/gosum/archive.ts";
import { codeOf } from "../errors.ts";
import { writeFileAtomic } from "../setup/record.ts";
import { contentHash } from "./files.ts";
import { archiveFolder } from "./folder.ts";

interface Heading {
  version: 1;
  /** Bytes of the sightings that are in it. */
  covered: number;
  /** SHA-256 of those bytes: an index of other sightings is none. */
  sightings: string;
  /** SHA-256 of the entries. */
  entries: string;
}

type Entry = [key: string, ...seen: [hash: string, time: string, project: string, projects: number[]][]];

const fileOf = (stateDir: string): string => join(archiveFolder(stateDir), "index.json");

export function writeIndex(stateDir: string, archive: Archive, sightings: Buffer): void {
  const entries: Entry[] = [...archive.entries].map(([key, all]) => [
    key,
    ...all.map(({ hash, time, project, projects }): Entry[1] => [hash, time, project, projects]),
  ]);
  const body = JSON.stringify({ projects: archive.projects, entries });
  const heading: Heading = {
    version: 1,
    covered: sightings.length,
    sightings: contentHash(sightings),
    entries: contentHash(body),
  };
  writeFileAtomic(fileOf(stateDir), `${JSON.stringify(heading)}\n${body}\n`, 0o600);
}

export interface Index {
  archive: Archive;
  covered: number;
  /** It is of these sightings and of no others. */
  fits: boolean;
}

/** Undefined when there is none; an error when it is damaged. */
export function readIndex(stateDir: string, sightings: Buffer): Index | undefined {
  let text: string;
  try {
    text = readFileSync(fileOf(stateDir), "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  const end = text.indexOf("\n");
  const heading = JSON.parse(text.slice(0, Math.max(end, 0))) as Heading;
  const body = text.slice(end + 1).replace(/\n$/, "");
  if (heading.version !== 1) throw new Error(`its version is ${JSON.stringify(heading.version)}, not 1`);
  if (heading.entries !== contentHash(body)) throw new Error("its checksum does not match");
  const { projects, entries } = JSON.parse(body) as { projects: string[]; entries: Entry[] };
  const map = new Map<string, SeenHash[]>(
    entries.map(([key, ...all]) => [
      key,
      all.map(([hash, time, project, where]) => ({ hash, time, project, projects: where })),
    ]),
  );
  const fits = heading.sightings === contentHash(sightings.subarray(0, heading.covered));
  return { archive: { projects, entries: map }, covered: heading.covered, fits };
}

export function removeIndex(stateDir: string): void {
  rmSync(fileOf(stateDir), { force: true });
}
