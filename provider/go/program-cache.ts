/**
 * Programs of this checkout's own Go modules, as they were built: `<cache>/go-programs/<key>/<binary>` and `meta.json`.
 * The key follows from the module's sources, so that an edit is another program. Images and this machine use the same.
 */
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { GoProgram } from "../../domain/recipe.ts";
import { contentHash } from "../../domain/recipe-hash.ts";
import type { Host } from "../host.ts";
import { digestOfFiles } from "../sources-digest.ts";
import { type BinaryPlace, builtOnce, type KeptBinary } from "./binary-cache.ts";
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

export const programsCache = (host: Host): string => path.join(host.folders.cache, "go-programs");

/** Over names and contents of what the compiler reads; tests are left out. */
export async function sourcesDigest(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && isSource(entry.name))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
  if (!files.includes("go.mod")) throw new Error(`${folder} is not a Go module: it has no go.mod`);
  return await digestOfFiles(folder, files);
}

const isSource = (name: string): boolean =>
  name === "go.mod" || name === "go.sum" || (/\.(go|s|c|h)$/.test(name) && !name.endsWith("_test.go"));

/** Where the folder stands does not count, only what is in it. */
export function programKey({ program, go, arch }: ProgramQuestion): string {
  const { module: _module, ...named } = program;
  if (named.digest === undefined) throw new Error(`the sources of ${program.binary} were not looked at`);
  return contentHash({ format: FORMAT, flags: FLAGS, ...named, go, arch });
}

const placeOf = (host: Host, question: ProgramQuestion): BinaryPlace => ({
  parent: programsCache(host),
  key: programKey(question),
  binary: question.program.binary,
  lock: "program",
});

/** `sdk` answers the folder of the Go that builds, and is asked only when there is something to build. */
export async function builtProgram(
  host: Host,
  question: ProgramQuestion,
  sdk: () => Promise<string>,
  onProgress: (text: string) => void,
): Promise<KeptBinary> {
  return builtOnce(host, placeOf(host, question), onProgress, async (work) => ({
    content: await build(host, question, await sdk(), work, onProgress),
    more: {},
  }));
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
