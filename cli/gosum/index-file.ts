/** The archive's index as a file: a heading that says what it covers and its checksum, and below it the entries. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Archive, SeenHash } from "../../domain/gosum/archive.ts";
import { codeOf } from "../errors.ts";
import { writeFileAtomic } from "../setup/record.ts";

interface Heading {
  version: 1;
  /** Bytes of the sightings that are in it. */
  covered: number;
  sha256: string;
}

type Entry = [key: string, ...seen: [hash: string, time: string, project: string, projects: number[]][]];

const fileOf = (folder: string): string => join(folder, "index.json");
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export function writeIndex(folder: string, archive: Archive, covered: number): void {
  const entries: Entry[] = [...archive.entries].map(([key, all]) => [
    key,
    ...all.map(({ hash, time, project, projects }): Entry[1] => [hash, time, project, projects]),
  ]);
  const body = JSON.stringify({ projects: archive.projects, entries });
  const heading: Heading = { version: 1, covered, sha256: sha256(body) };
  writeFileAtomic(fileOf(folder), `${JSON.stringify(heading)}\n${body}\n`, 0o600);
}

/** Undefined when there is none; an error when it is damaged. */
export function readIndex(folder: string): { archive: Archive; covered: number } | undefined {
  let text: string;
  try {
    text = readFileSync(fileOf(folder), "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  const end = text.indexOf("\n");
  const heading = JSON.parse(text.slice(0, Math.max(end, 0))) as Heading;
  const body = text.slice(end + 1).replace(/\n$/, "");
  if (heading.version !== 1) throw new Error(`its version is ${JSON.stringify(heading.version)}, not 1`);
  if (heading.sha256 !== sha256(body)) throw new Error("its checksum does not match");
  const { projects, entries } = JSON.parse(body) as { projects: string[]; entries: Entry[] };
  const map = new Map<string, SeenHash[]>(
    entries.map(([key, ...all]) => [
      key,
      all.map(([hash, time, project, where]) => ({ hash, time, project, projects: where })),
    ]),
  );
  return { archive: { projects, entries: map }, covered: heading.covered };
}
