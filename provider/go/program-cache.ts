/**
 * Programs of this checkout's own Go modules, as they were built: `<cache>/go-programs/<key>/<binary>` and `meta.json`.
 * The key follows from the module's sources, so that an edit is another program. Images and this machine use the same.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import type { GoProgram } from "../../domain/recipe.ts";
import { contentHash } from "../../domain/recipe-hash.ts";
import type { Host } from "../host.ts";
import { withLock } from "../lock.ts";
import { workFolder } from "../work-folder.ts";
import { readBuildInfo } from "./buildinfo.ts";
import { inSharedWorkspace } from "./workspace.ts";

const buildLimitMs = 30 * 60_000;
const FLAGS = ["-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags=-s -w"];
/** Raised when the same sources would give another program. */
const FORMAT = 1;

export interface ProgramQuestion {
  program: GoProgram;
  /** Go release that builds it. */
  go: string;
  arch: string;
}

export interface BuiltProgram {
  file: string;
  size: number;
  sha256: string;
}

export const programsCache = (host: Host): string => path.join(host.folders.cache, "go-programs");

/** Over names and contents of what the compiler reads; tests are left out. */
export async function sourcesDigest(folder: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && isSource(entry.name))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
  if (!files.includes("go.mod")) throw new Error(`${folder} is not a Go module: it has no go.mod`);
  for (const name of files) {
    const content = await readFile(path.join(folder, name));
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

const isSource = (name: string): boolean =>
  name === "go.mod" || name === "go.sum" || (/\.(go|s|c|h)$/.test(name) && !name.endsWith("_test.go"));

/** Where the folder stands does not count, only what is in it. */
export function programKey({ program, go, arch }: ProgramQuestion): string {
  const { module: _module, ...named } = program;
  if (named.digest === undefined) throw new Error(`the sources of ${program.binary} were not looked at`);
  return contentHash({ format: FORMAT, flags: FLAGS, ...named, go, arch });
}

/** `sdk` answers the folder of the Go that builds, and is asked only when there is something to build. */
export async function builtProgram(
  host: Host,
  question: ProgramQuestion,
  sdk: () => Promise<string>,
  onProgress: (text: string) => void,
): Promise<BuiltProgram> {
  const ready = await cachedProgram(host, question);
  if (ready !== undefined) return ready;
  const folder = path.join(programsCache(host), programKey(question));
  const { binary } = question.program;
  const onWait = (holder: string) => onProgress(`waiting for ${holder}, which is building ${binary}`);
  return withLock(`program:${contentHash(folder).slice(0, 40)}`, { onWait, signal: host.signal }, async () => {
    const made = await cachedProgram(host, question);
    if (made !== undefined) return made;
    const work = await workFolder(host, programsCache(host));
    try {
      const content = await build(host, question, await sdk(), work, onProgress);
      const keep = path.join(work, "keep");
      await mkdir(keep);
      const meta = { size: content.length, sha256: sha256(content) };
      await host.files.write(path.join(keep, binary), content, { mode: 0o755 });
      await host.files.write(path.join(keep, "meta.json"), `${JSON.stringify(meta)}\n`, { mode: 0o644 });
      await rm(folder, { recursive: true, force: true });
      await rename(keep, folder);
      return { ...meta, file: path.join(folder, binary) };
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
}

/** What is there is compared with its hash: a damaged copy is built again. */
export async function cachedProgram(host: Host, question: ProgramQuestion): Promise<BuiltProgram | undefined> {
  const folder = path.join(programsCache(host), programKey(question));
  try {
    const meta = JSON.parse(await readFile(path.join(folder, "meta.json"), "utf8")) as Omit<BuiltProgram, "file">;
    const file = path.join(folder, question.program.binary);
    return sha256(await readFile(file)) === meta.sha256 ? { ...meta, file } : undefined;
  } catch {
    return undefined;
  }
}

async function build(
  host: Host,
  { program, go, arch }: ProgramQuestion,
  sdk: string,
  work: string,
  onProgress: (text: string) => void,
): Promise<Buffer> {
  onProgress(`building ${program.binary} with Go ${go}`);
  const out = path.join(work, program.binary);
  await inSharedWorkspace(host, programsCache(host), (env) =>
    host.run(path.join(sdk, "bin", "go"), ["build", ...FLAGS, "-o", out, program.package], {
      cwd: program.module,
      env: { ...env, GO111MODULE: "on", GOOS: "linux", GOARCH: arch, CGO_ENABLED: "0" },
      timeoutMs: buildLimitMs,
      name: `go build ${program.package}`,
    }),
  );
  const content = await readFile(out);
  const info = readBuildInfo(content);
  if (info?.go !== go)
    throw new Error(`${program.binary} was built with Go ${info?.go ?? "(not said)"} instead of ${go}`);
  return content;
}

const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
