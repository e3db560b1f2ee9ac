/** The cache folder of finished toolchains, and the plugins' places in PULUMI_HOME. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { CliError, codeOf, messageOf } from "../errors.ts";
import { namesIn } from "../folders.ts";

/** What a finished folder holds. Written last, so a folder with a readable one is whole. */
export interface Manifest {
  source: "release" | "built";
  key: string;
  /** Empty when the folder holds plugins only. */
  engine: string;
  versions: Versions;
  go?: string;
  /** Each file with its size, so that one cut short by hand or by a full disk is noticed. */
  files: Record<string, number>;
}

export interface Versions {
  pulumi: string;
  plugins: Record<string, string>;
}

export interface Stored {
  dir: string;
  manifest: Manifest;
}

export const manifestName = "toolchain.json";
const buildPrefix = ".build-";
const trashPrefix = ".trash-";

export function readStored(dir: string): Stored | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(dir, manifestName), "utf8")) as Manifest;
    const whole = Object.entries(manifest.files).every(([file, size]) => statSync(join(dir, file)).size === size);
    return whole ? { dir, manifest } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || ["ENOENT", "ENOTDIR"].includes(codeOf(error))) return undefined;
    throw error;
  }
}

/** Finished folders whose name starts so, the newest first. */
export function listStored(store: string, prefix: string): Stored[] {
  return namesIn(store)
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(store, name))
    .map((dir) => ({ dir, at: timeOf(dir) }))
    .sort((a, b) => b.at - a.at)
    .flatMap(({ dir }) => readStored(dir) ?? []);
}

/** A temporary folder beside the final ones. Only the holder of the build lock may call this. */
export function beginBuild(store: string): string {
  sweepBuilds(store);
  const dir = join(store, `${buildPrefix}${process.pid}-${randomBytes(4).toString("hex")}`);
  mkdirSync(dir, { recursive: true });
  return dir;
}

/** Whoever holds the build lock knows that every other build is dead. */
export function sweepBuilds(store: string): void {
  for (const name of namesIn(store)) if (name.startsWith(buildPrefix)) discardLater(store, join(store, name));
}

export function finishBuild(from: string, store: string, manifest: Omit<Manifest, "files">): Stored {
  const files = Object.fromEntries(filesBelow(from).map((file) => [file, statSync(join(from, file)).size]));
  const dir = join(store, manifest.key);
  discard(dir);
  const whole: Manifest = { ...manifest, files };
  writeFileSync(join(from, manifestName), `${JSON.stringify(whole, undefined, 2)}\n`);
  renameSync(from, dir);
  return { dir, manifest: whole };
}

/** Keeps the one in use and the one before it: two checkouts of different age must not build in turn. */
export function prune(store: string, keep: string): void {
  const others = listStored(store, "").filter(({ manifest }) => manifest.key !== keep);
  for (const { dir } of others.slice(1)) discard(dir);
}

export function discard(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * Gives a build's gigabytes back without making the person wait for it. What a killed removal leaves is removed by the
 * next run.
 */
export function discardLater(store: string, dir: string): void {
  const trash = join(store, `${trashPrefix}${randomBytes(6).toString("hex")}`);
  renameSync(dir, trash);
  sweepTrash(store);
}

export function sweepTrash(store: string): void {
  const trash = namesIn(store).filter((name) => name.startsWith(trashPrefix));
  if (trash.length === 0) return;
  const remove = spawn("rm", ["-rf", "--", ...trash], { cwd: store, detached: true, stdio: "ignore" });
  remove.on("error", () => {});
  remove.unref();
}

const markerName = ".go-workstation";

export function pluginFolder(pulumiHome: string, name: string, version: string): string {
  return join(pulumiHome, "plugins", `resource-${name}-v${version}`);
}

/** Whether the engine finds this plugin: one from elsewhere is as good as ours and left alone. */
export function pluginState(
  pulumiHome: string,
  name: string,
  version: string,
  key?: string,
): "missing" | "ours" | "other" {
  const folder = pluginFolder(pulumiHome, name, version);
  try {
    statSync(join(folder, `pulumi-resource-${name}`));
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return "missing";
    throw error;
  }
  try {
    return readFileSync(join(folder, markerName), "utf8").trim() === key || key === undefined ? "ours" : "missing";
  } catch {
    return "other";
  }
}

/** Puts plugins where the engine looks. They are links to one file where the file system allows it. */
export function installPlugins(stored: Stored, pulumiHome: string): void {
  let copied: string | undefined;
  for (const [name, version] of Object.entries(stored.manifest.versions.plugins)) {
    if (pluginState(pulumiHome, name, version, stored.manifest.key) !== "missing") continue;
    const folder = pluginFolder(pulumiHome, name, version);
    mkdirSync(folder, { recursive: true });
    const target = join(folder, `pulumi-resource-${name}`);
    const source = join(stored.dir, "plugins", basename(target));
    const temporary = `${target}.${process.pid}.tmp`;
    rmSync(temporary, { force: true });
    if (!linked(source, temporary)) {
      // On another file system: copied once, the rest are links to the copy (a build is one binary for all).
      const same = stored.manifest.source === "built" ? copied : undefined;
      if (same === undefined || !linked(same, temporary)) copyFileSync(source, temporary);
      copied = target;
    }
    renameSync(temporary, target);
    // The engine takes a plugin with this mark beside it for half installed.
    rmSync(`${folder}.partial`, { force: true });
    writeFileSync(join(folder, markerName), `${stored.manifest.key}\n`);
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (["EXDEV", "EPERM", "EMLINK", "ENOTSUP", "EACCES"].includes(codeOf(error))) return false;
    throw new CliError(`${to} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

function timeOf(dir: string): number {
  try {
    return statSync(dir).mtimeMs;
  } catch {
    return 0;
  }
}

function filesBelow(dir: string, below = ""): string[] {
  return readdirSync(join(dir, below), { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(below, entry.name);
      return entry.isDirectory() ? filesBelow(dir, path) : [path];
    })
    .filter((path) => dirname(path) !== "." || path !== manifestName);
}
