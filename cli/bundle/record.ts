/** The bundle that this machine was last set up from: what later runs find without it. Kept in the cache folder. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../errors.ts";
import { writeFileAtomic } from "../setup/record.ts";
import type { Manifest, MemberKind, Purpose } from "./manifest.ts";

export interface BundleRecord {
  /** The manifest's. */
  key: string;
  purpose: Purpose;
  /** Folder names by kind, of those that later runs look for. */
  folders: Partial<Record<MemberKind, string>>;
}

const fileOf = (cacheDir: string): string => join(cacheDir, "bundle.json");

export function recordBundle(cacheDir: string, { key, purpose, members }: Manifest): BundleRecord {
  const of = (kind: MemberKind) => members.find((member) => member.kind === kind)?.key;
  const [debs, modules] = [of("debs"), of("modules")];
  const folders = { ...(debs === undefined ? {} : { debs }), ...(modules === undefined ? {} : { modules }) };
  const record = { key, purpose, folders };
  writeFileAtomic(fileOf(cacheDir), `${JSON.stringify(record, undefined, 2)}\n`, 0o644);
  return record;
}

export function bundleRecord(cacheDir: string): BundleRecord | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(cacheDir), "utf8")) as BundleRecord;
  } catch (error) {
    // Only a help for later runs: without it they ask the network, as ever.
    if (codeOf(error) === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A folder that the bundle brought, when it is there. */
export function bundledFolder(cacheDir: string, kind: "debs" | "modules"): string | undefined {
  const key = bundleRecord(cacheDir)?.folders[kind];
  const folder = key === undefined ? undefined : join(cacheDir, kind, key);
  return folder !== undefined && existsSync(folder) ? folder : undefined;
}
