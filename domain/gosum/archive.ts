/**
 * What the archive knows: for each module version the hashes under which it was ever seen, the first one first. It follows
 * from the sightings alone, in their order, so that it can be made again from the files that were kept.
 */
import type { GoSum, SumKind } from "./parse.ts";

/** One go.sum as it was on one day. */
export interface Sighting {
  /** ISO 8601. */
  time: string;
  /** The folder that the file was in. */
  project: string;
  /** Path of the file. */
  file: string;
  /** SHA-256 of its content, hexadecimal. */
  content: string;
}

export interface SeenHash {
  hash: string;
  /** ISO 8601, and the project: where it was seen first. */
  time: string;
  project: string;
  /** Positions in `Archive.projects`, of all that ever had it. */
  projects: number[];
}

export interface Archive {
  projects: string[];
  /** By `KIND MODULE@VERSION`. */
  entries: Map<string, SeenHash[]>;
}

export const emptyArchive = (): Archive => ({ projects: [], entries: new Map() });

export const entryKey = (sum: { module: string; version: string; kind: SumKind }): string =>
  `${sum.kind} ${sum.module}@${sum.version}`;

export function splitKey(key: string): { module: string; version: string; kind: SumKind } {
  const kind = key.startsWith("zip ") ? "zip" : "mod";
  const at = key.lastIndexOf("@");
  return { kind, module: key.slice(4, at), version: key.slice(at + 1) };
}

/** Adds what one sighting shows. What was seen before it stays as it is. */
export function addSighting(archive: Archive, sighting: Omit<Sighting, "content">, goSum: GoSum): void {
  let position = archive.projects.indexOf(sighting.project);
  if (position === -1) position = archive.projects.push(sighting.project) - 1;
  for (const sum of goSum.sums) {
    const key = entryKey(sum);
    const seen = archive.entries.get(key) ?? [];
    const same = seen.find(({ hash }) => hash === sum.hash);
    if (same === undefined) {
      const { time, project } = sighting;
      archive.entries.set(key, [...seen, { hash: sum.hash, time, project, projects: [position] }]);
    } else if (!same.projects.includes(position)) {
      same.projects.push(position);
    }
  }
}

/** A module version whose content is not what it was. */
export interface Change {
  module: string;
  version: string;
  kind: SumKind;
  first: { hash: string; time: string; project: string };
  now: { hash: string; project: string; file: string; line: number };
}

/** Where a go.sum that is there now differs from what was seen first. */
export function findChanges(archive: Archive, now: { project: string; file: string }, goSum: GoSum): Change[] {
  return goSum.sums.flatMap((sum) => {
    const algorithm = sum.hash.slice(0, sum.hash.indexOf(":") + 1);
    // Hashes of two kinds say nothing about each other.
    const first = archive.entries.get(entryKey(sum))?.find(({ hash }) => hash.startsWith(algorithm));
    if (first === undefined || first.hash === sum.hash) return [];
    const { module, version, kind, hash, line } = sum;
    const { hash: firstHash, time, project } = first;
    return [{ module, version, kind, first: { hash: firstHash, time, project }, now: { ...now, hash, line } }];
  });
}

export function changeText({ module, version, kind, first, now }: Change): string {
  const what = kind === "mod" ? "go.mod of " : "";
  return `${what}${module}@${version} has changed: ${now.hash} in ${now.file}:${now.line}, but ${first.hash} since ${first.time.slice(0, 10)} in ${first.project}`;
}

/** What to do about changes; said once below all of them. */
export const CHANGE_ADVICE =
  "A published version never changes: its tag was moved, or a proxy or a network hands out something else. Do not build with it before you know why. For a public module the checksum database says which hash is right (`go mod verify` with GOSUMDB on); for a private one, ask who made the tag.";
