/** A `pulumi` that the person has installed already. */
import { mkdirSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { run } from "../process.ts";
import { compareVersions } from "./toolchain-go.ts";

export interface OnPath {
  pulumi: string;
  version: string;
}

export interface PathFinding {
  found?: OnPath;
  /** Why the one on PATH is not used, for `doctor`. */
  refused?: string;
}

interface Probe {
  path: string;
  stamp: string;
  version: string;
}

/**
 * The first `pulumi` on PATH that fits: the same major version as the pinned one, not older than it, the language host
 * beside it. Its version is asked for once and remembered for as long as the file stays the same.
 */
export async function findOnPath(pinned: string, store: string, env: NodeJS.ProcessEnv): Promise<PathFinding> {
  const pulumi = (env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, "pulumi"))
    .find((path) => isProgram(path) && !realpathSync(path).startsWith(`${realPathOf(store)}/`));
  if (pulumi === undefined) return {};
  const host = join(dirname(pulumi), "pulumi-language-nodejs");
  const besideReal = join(dirname(realpathSync(pulumi)), "pulumi-language-nodejs");
  if (!isProgram(host) && !isProgram(besideReal)) {
    return { refused: `${pulumi} has no pulumi-language-nodejs beside it` };
  }
  const version = await versionOf(pulumi, store, env);
  if (version === undefined) return { refused: `${pulumi} does not say its version` };
  if (major(version) !== major(pinned) || compareVersions(minor(version), minor(pinned)) < 0) {
    return { refused: `${pulumi} is version ${version}; ${major(pinned)}.x from ${minor(pinned)} on is needed` };
  }
  return { found: { pulumi, version } };
}

const major = (version: string): string => version.split(".")[0] ?? "";
const minor = (version: string): string => version.split(".").slice(0, 2).join(".");

async function versionOf(pulumi: string, store: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const info = statSync(pulumi);
  const stamp = `${info.size}-${info.mtimeMs}-${info.ino}`;
  const file = join(store, "on-path.json");
  const known = readProbe(file);
  if (known?.path === pulumi && known.stamp === stamp) return known.version;
  const result = await run(pulumi, ["version"], { env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" }, timeout: 20_000 });
  const version = /^v?(\d+\.\d+\.\d+\S*)/.exec(result.stdout.trim())?.[1];
  if (version !== undefined) {
    mkdirSync(store, { recursive: true });
    writeFileSync(`${file}.${process.pid}`, JSON.stringify({ path: pulumi, stamp, version } satisfies Probe));
    renameSync(`${file}.${process.pid}`, file);
  }
  return version;
}

function readProbe(file: string): Probe | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Probe;
  } catch {
    return undefined;
  }
}

function isProgram(path: string): boolean {
  try {
    const info = statSync(path);
    return info.isFile() && (info.mode & 0o111) !== 0;
  } catch {
    return false;
  }
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
