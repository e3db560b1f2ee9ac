/**
 * The engine, its Node language host and the provider plugins: found, downloaded or built, in this order.
 *
 * What is there already costs a few looks at the disk and starts no process.
 */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { withLock } from "../../provider/lock.ts";
import { CliError } from "../errors.ts";
import type { Timeouts } from "./download.ts";
import { buildToolchain, type Pins, type Progress, readPins, sourceKey } from "./toolchain-build.ts";
import { findGo, type Go } from "./toolchain-go.ts";
import { findOnPath, type OnPath, type PathFinding } from "./toolchain-path.ts";
import { fetchRelease } from "./toolchain-release.ts";
import {
  installPlugins,
  listStored,
  pluginState,
  prune,
  readStored,
  type Stored,
  sweepBuilds,
  sweepTrash,
} from "./toolchain-store.ts";

export type ToolchainSource = "path" | "release" | "built";

export interface Toolchain {
  source: ToolchainSource;
  /** The engine's program. */
  pulumi: string;
  /** Holds `pulumi` and the language host: goes first on PATH. */
  binDir: string;
  version: string;
  plugins: Record<string, string>;
  /** What it took to find or make it. */
  millis: number;
}

export interface InspectOptions {
  cacheDir: string;
  pulumiHome: string;
  env: NodeJS.ProcessEnv;
}

export interface ToolchainOptions extends InspectOptions {
  report: (progress: Progress) => void;
  signal?: AbortSignal;
  timeouts?: Timeouts;
}

/** What `doctor` tells: what is there, what `up` would do, and why. */
export interface ToolchainReport {
  found?: Toolchain;
  /** The source in use, or the first that `up` would try. */
  source: ToolchainSource;
  /** Why sources that come first are not used. */
  reasons: string[];
}

interface Place {
  options: InspectOptions;
  store: string;
  pins: Pins;
  /** Of the sources, without the compiler. */
  key: string;
  started: number;
}

function placeOf(options: InspectOptions): Place {
  const started = performance.now();
  return { options, store: join(options.cacheDir, "toolchain"), pins: readPins(), key: sourceKey(), started };
}

export async function ensureToolchain(options: ToolchainOptions): Promise<Toolchain> {
  const place = placeOf(options);
  const onPath = await findOnPath(place.pins.pulumi, place.store, options.env);
  const ready = lookUp(place, onPath);
  if (ready !== undefined) {
    sweepTrash(place.store);
    return ready;
  }
  options.report({ step: "looking for the engine and its plugins" });
  mkdirSync(place.store, { recursive: true });
  const onWait = (holder: string): void =>
    options.report({ step: "waiting for another set-up on this machine", detail: holder });
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  return await withLock(lockName(place.store), { onWait, ...signal }, async () => {
    // Another process may have done the work while we waited.
    const meanwhile = lookUp(place, onPath);
    if (meanwhile !== undefined) return meanwhile;
    sweepBuilds(place.store);
    const usable = storedFor(place, onPath.found) ?? (await make(place, options, onPath.found));
    installPlugins(usable, options.pulumiHome);
    prune(place.store, usable.manifest.key);
    const made = lookUp(place, onPath);
    if (made === undefined)
      throw new CliError(`The toolchain in ${usable.dir} is not complete. Remove it and run this again.`);
    return made;
  });
}

/** Read-only: what is installed, or undefined when `up` has still to do it. */
export async function inspectToolchain(options: InspectOptions): Promise<Toolchain | undefined> {
  const place = placeOf(options);
  return lookUp(place, await findOnPath(place.pins.pulumi, place.store, options.env));
}

export async function reportToolchain(options: InspectOptions): Promise<ToolchainReport> {
  const place = placeOf(options);
  const onPath = await findOnPath(place.pins.pulumi, place.store, options.env);
  const reasons = onPath.refused === undefined ? [] : [onPath.refused];
  if (onPath.found === undefined && onPath.refused === undefined) reasons.push("no pulumi on PATH");
  const found = lookUp(place, onPath);
  if (found !== undefined) return { found, source: found.source, reasons };
  reasons.push(findGo(options.env) === undefined ? "no go on PATH to build from source" : "not built yet");
  return { source: onPath.found === undefined ? "release" : "path", reasons };
}

/** The whole of a warm run. */
function lookUp(place: Place, onPath: PathFinding): Toolchain | undefined {
  const { pins, options } = place;
  const stored = storedFor(place, onPath.found);
  const missing = Object.entries(pins.plugins).some(
    ([name, version]) => pluginState(options.pulumiHome, name, version, stored?.manifest.key) === "missing",
  );
  if (missing) return undefined;
  const result = { plugins: pins.plugins, millis: 0 };
  const done = (found: Omit<Toolchain, "plugins" | "millis">): Toolchain => ({
    ...result,
    ...found,
    millis: Math.round(performance.now() - place.started),
  });
  if (onPath.found !== undefined) {
    const { pulumi, version } = onPath.found;
    return done({ source: "path", pulumi, binDir: dirname(pulumi), version });
  }
  if (stored === undefined) return undefined;
  const { dir, manifest } = stored;
  return done({
    source: manifest.source,
    pulumi: join(dir, manifest.engine),
    binDir: join(dir, "bin"),
    version: manifest.versions.pulumi,
  });
}

/** A finished toolchain of these sources. One that another compiler built is as good: nothing is rebuilt for a new Go. */
function storedFor(place: Place, onPath: OnPath | undefined): Stored | undefined {
  const fits = (stored: Stored | undefined): Stored[] =>
    stored !== undefined && (onPath !== undefined || stored.manifest.engine !== "") ? [stored] : [];
  const go = findGo(place.options.env);
  return [
    ...fits(readStored(join(place.store, releaseKey(place, true)))),
    ...(onPath === undefined ? [] : fits(readStored(join(place.store, releaseKey(place, false))))),
    ...(go === undefined ? [] : fits(readStored(join(place.store, buildKey(place, true, go))))),
    ...listStored(place.store, `built-${place.key}`).flatMap(fits),
  ][0];
}

/** Each cache folder has a lock of its own. */
const lockName = (store: string): string =>
  `toolchain-${createHash("sha256").update(store).digest("hex").slice(0, 16)}`;

const parts = (engine: boolean): string => (engine ? "" : "-plugins");
const buildKey = (place: Place, engine: boolean, go: Go): string => `built-${place.key}-${go.version}${parts(engine)}`;
const releaseKey = ({ pins }: Place, engine: boolean): string =>
  `release-${[pins.pulumi, ...Object.values(pins.plugins)].join("-")}-${process.arch}${parts(engine)}`;

async function make(place: Place, options: ToolchainOptions, onPath: OnPath | undefined): Promise<Stored> {
  const { store, pins } = place;
  const engine = onPath === undefined;
  const common = { store, pins, engine, env: options.env, report: options.report };
  options.report({ step: "looking for the official release" });
  const { stored, reason } = await fetchRelease({
    ...common,
    key: releaseKey(place, engine),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts }),
  });
  if (stored !== undefined) return stored;
  options.report({ step: "the official release cannot be fetched; building from source", detail: reason ?? "" });
  const go = findGo(options.env);
  if (go === undefined) {
    throw new CliError(
      `The Pulumi engine is neither installed, nor can its release be fetched (${reason}), nor is there a Go to build it with. ` +
        `Do one of these and run this again: install Pulumi ${pins.pulumi} or newer; name a mirror of the release in WORKSTATION_RELEASE_MIRROR; install Go ${pins.go} or newer and put it on PATH.`,
    );
  }
  return await buildToolchain({ ...common, key: buildKey(place, engine, go), go });
}
