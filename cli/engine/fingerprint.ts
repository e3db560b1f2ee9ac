/** One digest over everything that decides what the engine would do. Equal digest and equal reality: nothing to do. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../errors.ts";
import { writeFileAtomic } from "../setup/record.ts";

/** Whatever the engine executes or reads, relative to the checkout. */
const SOURCES = [
  "Pulumi.yaml",
  "index.ts",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "config",
  "domain",
  "components",
  "resources",
  "provider",
  "policy",
  "images",
  "toolchain/versions.json",
  "toolchain/privileged/policy/allowed.json",
];

/** Programs that run beside the developer's containers: read only where there are any. */
const SIDECARS = ["sidecars"];

/** Of what a stack with these settings is made from. */
export function sourcesOf({ goProxy }: { goProxy: { mode: string } }): readonly string[] {
  return goProxy.mode === "off" ? SOURCES : [...SOURCES, ...SIDECARS];
}

/** Digest over names and contents, in a fixed order. */
export function digestSources(root: string, sources: readonly string[] = SOURCES): string {
  const hash = createHash("sha256");
  const add = (path: string): void => {
    const full = join(root, path);
    let entries: string[];
    try {
      entries = readdirSync(full).sort();
    } catch (error) {
      if (codeOf(error) === "ENOENT") return;
      if (codeOf(error) !== "ENOTDIR") throw error;
      const content = readFileSync(full);
      hash.update(`${path}\0${content.length}\0`).update(content);
      return;
    }
    for (const entry of entries) {
      if (entry !== "node_modules" && !entry.startsWith(".")) add(`${path}/${entry}`);
    }
  };
  for (const source of sources) add(source);
  return hash.digest("hex");
}

/** Variables that change what the engine does: its own, the proxies' and Go's, but not those we set ourselves. */
export function relevantEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const names = /^(PULUMI_|DOCKER_|WORKSTATION_|GO[A-Z]+$|NODE_OPTIONS$|NODE_EXTRA_CA_CERTS$|(HTTPS?|NO|ALL)_PROXY$)/i;
  const ignored =
    /^(PULUMI_(CONFIG_PASSPHRASE|SKIP_UPDATE_CHECK|DISABLE_AUTOMATIC_PLUGIN|HOME|STACK|BACKEND_URL)|WORKSTATION_(DEBUG|DRIFT_CHECK|CACHE_DIR|CONFIG_DIR|STATE_DIR|PRIVILEGED_SOCKET|UPSTREAM_GOPROXY))/;
  const { WORKSTATION_UPSTREAM_GOPROXY: before } = env;
  const upstream = before === undefined ? {} : { GOPROXY: before || undefined, GONOPROXY: undefined };
  return Object.fromEntries(
    Object.entries({ ...env, ...upstream })
      .filter(
        (entry): entry is [string, string] => entry[1] !== undefined && names.test(entry[0]) && !ignored.test(entry[0]),
      )
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

export function digestOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

/** What the last successful `up` saw. */
export interface RunRecord {
  version: 1;
  /** The checkout that it ran in. */
  root: string;
  inputs: string;
  /** Digest of what it wrote on the machine itself; absent in records of older versions. */
  machine?: string;
  /** SHA-256 of the checkpoint's text after the run. */
  checkpoint: string;
  /** Resources that the engine counted as being there. */
  resources: number;
  projects: string[];
  finished: string;
}

const recordFile = (stateDir: string, stack: string): string => join(stateDir, "runs", `${stack}.json`);

export function readRunRecord(stateDir: string, stack: string): RunRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(recordFile(stateDir, stack), "utf8")) as RunRecord;
    return record.version === 1 ? record : undefined;
  } catch {
    // A record that is not there or not readable only costs a run of the engine.
    return undefined;
  }
}

export function writeRunRecord(stateDir: string, stack: string, record: RunRecord): void {
  mkdirSync(join(stateDir, "runs"), { recursive: true, mode: 0o700 });
  writeFileAtomic(recordFile(stateDir, stack), `${JSON.stringify(record, undefined, 2)}\n`, 0o600);
}

export function removeRunRecord(stateDir: string, stack: string): void {
  rmSync(recordFile(stateDir, stack), { force: true });
}
