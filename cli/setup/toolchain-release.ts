/** The official release: downloaded, its checksum verified, unpacked. */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../errors.ts";
import { check } from "../process.ts";
import { DownloadError, download, downloadText, type Timeouts } from "./download.ts";
import type { Pins, Progress } from "./toolchain-build.ts";
import { beginBuild, discard, discardLater, finishBuild, type Stored } from "./toolchain-store.ts";

export interface ReleaseOptions {
  store: string;
  key: string;
  pins: Pins;
  /** False when a compatible engine is there already and only the plugins are missing. */
  engine: boolean;
  report: (progress: Progress) => void;
  signal?: AbortSignal;
  env: NodeJS.ProcessEnv;
  timeouts?: Timeouts;
}

/** Put in front of every address of a release, for a mirror inside a company. */
export const mirrorVariable = "WORKSTATION_RELEASE_MIRROR";

interface Artifact {
  url: string;
  archive: string;
  checksums: string;
}

/** Undefined, with the reason reported, when the release cannot be reached from here. The caller holds the build lock. */
export async function fetchRelease(options: ReleaseOptions): Promise<{ stored?: Stored; reason?: string }> {
  const { pins, store } = options;
  const build = beginBuild(store);
  try {
    const out = join(build, "out");
    for (const dir of ["bin", "plugins"]) mkdirSync(join(out, dir), { recursive: true });
    if (options.engine) {
      const unpacked = await fetchArchive(options, artifact(pins.release.engine, pins.pulumi, "", options.env), build);
      takeEngine(unpacked, join(out, "bin"));
    }
    for (const [name, version] of Object.entries(pins.plugins)) {
      const unpacked = await fetchArchive(options, artifact(pins.release.plugin, version, name, options.env), build);
      const program = `pulumi-resource-${name}`;
      cpSync(join(unpacked, program), join(out, "plugins", program));
      chmodSync(join(out, "plugins", program), 0o755);
    }
    const stored = finishBuild(out, store, {
      source: "release",
      key: options.key,
      engine: options.engine ? join("bin", "pulumi") : "",
      versions: { pulumi: pins.pulumi, plugins: pins.plugins },
    });
    return { stored };
  } catch (error) {
    // Not reachable, or not published there: the next source is tried. A wrong checksum is never passed over.
    if (error instanceof DownloadError && error.kind !== "checksum" && error.kind !== "disk") {
      return { reason: error.message };
    }
    throw error;
  } finally {
    discardLater(store, build);
  }
}

export function artifact(
  place: { base: string; archive: string; checksums: string },
  version: string,
  name: string,
  env: NodeJS.ProcessEnv,
): Artifact {
  const values: Record<string, string> = {
    version,
    name,
    arch: process.arch,
    goarch: process.arch === "x64" ? "amd64" : process.arch,
  };
  const fill = (text: string): string => text.replaceAll(/\{(\w+)\}/g, (_, key: string) => values[key] ?? "");
  const base = env[mirrorVariable] || "";
  const official = fill(place.base);
  // A mirror keeps the path of the official address below its own.
  const url = base === "" ? official : `${base.replace(/\/$/, "")}${new URL(official).pathname}`;
  return { url, archive: fill(place.archive), checksums: fill(place.checksums) };
}

async function fetchArchive(options: ReleaseOptions, wanted: Artifact, build: string): Promise<string> {
  const { signal, env, timeouts } = options;
  const common = { env, ...(signal ? { signal } : {}), ...(timeouts ? { timeouts } : {}) };
  const sha256 = options.pins.release.sha256[wanted.archive] ?? (await publishedDigest(wanted, common));
  const file = join(options.store, "downloads", wanted.archive);
  let shown = 0;
  await download({
    ...common,
    url: `${wanted.url}/${wanted.archive}`,
    dest: file,
    sha256,
    report: ({ received, total }) => {
      if (Date.now() - shown < 1000) return;
      shown = Date.now();
      const of = total === undefined ? "" : ` of ${mebibytes(total)}`;
      options.report({
        step: "downloading the official release",
        detail: `${wanted.archive}: ${mebibytes(received)}${of} MiB`,
        ...(total === undefined ? {} : { fraction: received / total }),
      });
    },
  });
  const unpacked = join(build, wanted.archive.replace(/\.tar\.gz$/, ""));
  mkdirSync(unpacked, { recursive: true });
  await check("tar", ["-xzf", file, "-C", unpacked, "--no-same-owner"], { env });
  discard(file);
  return unpacked;
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

async function publishedDigest(
  wanted: Artifact,
  common: Omit<Parameters<typeof downloadText>[0], "url">,
): Promise<string> {
  const url = `${wanted.url}/${wanted.checksums}`;
  for (const line of (await downloadText({ ...common, url })).split("\n")) {
    const [digest = "", name = ""] = line.trim().split(/\s+\*?/);
    if (name === wanted.archive && /^[0-9a-f]{64}$/i.test(digest)) return digest;
  }
  throw new CliError(`${url} does not list ${wanted.archive}: the release cannot be verified, so it is not used.`);
}

/** The archive holds one folder with all programs; only these are ours. */
function takeEngine(unpacked: string, bin: string): void {
  const folder = existsSync(join(unpacked, "pulumi", "pulumi"))
    ? join(unpacked, "pulumi")
    : join(unpacked, "pulumi", "bin");
  for (const program of ["pulumi", "pulumi-language-nodejs"]) {
    if (!existsSync(join(folder, program))) {
      throw new CliError(`The official release holds no ${program} (found: ${readdirSync(unpacked).join(", ")}).`);
    }
    cpSync(join(folder, program), join(bin, program));
    chmodSync(join(bin, program), 0o755);
  }
}
