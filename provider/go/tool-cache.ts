/**
 * Tools as they were built: `<cache>/go-tools/<key>/<binary>` and `meta.json`. Image layers and the machine's own tools
 * take them from here, so that none is built twice.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import type { GoToolPin } from "../../domain/recipe.ts";
import { contentHash } from "../../domain/recipe-hash.ts";
import type { Host } from "../host.ts";
import { withLock } from "../lock.ts";
import { workFolder } from "../work-folder.ts";
import { readBuildInfo } from "./buildinfo.ts";
import { toolFromLayer } from "./tool-layer.ts";
import { inSharedWorkspace } from "./workspace.ts";

const buildLimitMs = 30 * 60_000;
const FLAGS = ["-trimpath", "-ldflags=-s -w"];
/** Raised when the same question would give another program. */
const FORMAT = 1;

export interface ToolQuestion {
  pin: GoToolPin;
  /** Go release that builds it. */
  go: string;
  arch: string;
}

export interface BuiltTool {
  file: string;
  size: number;
  sha256: string;
  /** Of its module, as the binary has it. */
  sum: string;
}

type Meta = Omit<BuiltTool, "file">;

export const toolsCache = (host: Host): string => path.join(host.folders.cache, "go-tools");

const folderOf = (host: Host, question: ToolQuestion): string =>
  path.join(toolsCache(host), contentHash({ format: FORMAT, flags: FLAGS, ...question }));

/** `sdk` answers the folder of the Go that builds, and is asked only when there is something to build. */
export async function builtTool(
  host: Host,
  question: ToolQuestion,
  sdk: () => Promise<string>,
  onProgress: (text: string) => void,
): Promise<BuiltTool> {
  const { pin } = question;
  const ready = await cachedTool(host, question);
  if (ready !== undefined) return ready;
  const folder = folderOf(host, question);
  const onWait = (holder: string) => onProgress(`waiting for ${holder}, which is building ${pin.binary}`);
  const lock = `gotool:${contentHash(folder).slice(0, 40)}`;
  return withLock(lock, { onWait, signal: host.signal }, async () => {
    const made = await cachedTool(host, question);
    if (made !== undefined) return made;
    const work = await workFolder(host, toolsCache(host));
    try {
      const content = (await madeBefore(host, question, work)) ?? (await build(host, question, sdk, work, onProgress));
      const built = await keep(host, question, content, path.join(work, "keep"));
      await rm(folder, { recursive: true, force: true });
      await rename(path.join(work, "keep"), folder);
      return { ...built, file: path.join(folder, pin.binary) };
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
}

/** What is there is compared with its hash: a damaged copy is built again. */
async function cachedTool(host: Host, question: ToolQuestion): Promise<BuiltTool | undefined> {
  const folder = folderOf(host, question);
  try {
    const meta = JSON.parse(await readFile(path.join(folder, "meta.json"), "utf8")) as Meta;
    const file = path.join(folder, question.pin.binary);
    return sha256(await readFile(file)) === meta.sha256 ? { ...meta, file } : undefined;
  } catch {
    return undefined;
  }
}

/** Only a program that says itself that it is the one asked for: a layer's title is a word, not a proof. */
async function madeBefore(host: Host, question: ToolQuestion, work: string): Promise<Buffer | undefined> {
  const content = await toolFromLayer(host, question, work);
  return content !== undefined && differsFrom(question, content) === undefined ? content : undefined;
}

async function build(
  host: Host,
  question: ToolQuestion,
  sdk: () => Promise<string>,
  work: string,
  onProgress: (text: string) => void,
): Promise<Buffer> {
  const { pin, go, arch } = question;
  onProgress(`building ${pin.binary} ${pin.version} with Go ${go}`);
  const name = `go install ${pin.package}@${pin.version}`;
  const bin = path.join(work, "bin");
  await mkdir(bin);
  const program = path.join(await sdk(), "bin", "go");
  await inSharedWorkspace(host, toolsCache(host), (env) =>
    host.run(program, ["install", ...FLAGS, `${pin.package}@${pin.version}`], {
      cwd: work,
      env: { ...env, GOBIN: bin, GOOS: "linux", GOARCH: arch, CGO_ENABLED: "0" },
      timeoutMs: buildLimitMs,
      name,
    }),
  );
  const content = await readFile(path.join(bin, pin.binary)).catch(() => undefined);
  if (content === undefined) throw new Error(`${pin.package}@${pin.version} builds no program named ${pin.binary}`);
  const found = differsFrom(question, content);
  if (found !== undefined) throw new Error(`${name} made something else: ${found}`);
  return content;
}

/** What a program says that it is, when that is not what was asked for. */
function differsFrom({ pin, go }: ToolQuestion, content: Buffer): string | undefined {
  const info = readBuildInfo(content);
  if (info?.package === pin.package && info.version === pin.version && info.go === go) return undefined;
  return info === undefined ? "no Go program" : `${info.package} ${info.version}, built with Go ${info.go}`;
}

async function keep(host: Host, { pin }: ToolQuestion, content: Buffer, folder: string): Promise<Meta> {
  const meta: Meta = { size: content.length, sha256: sha256(content), sum: readBuildInfo(content)?.sum ?? "" };
  await mkdir(folder);
  await host.files.write(path.join(folder, pin.binary), content, { mode: 0o755 });
  await host.files.write(path.join(folder, "meta.json"), `${JSON.stringify(meta)}\n`, { mode: 0o644 });
  return meta;
}

/** Its bytes, which are copied to more places than one: those that were checked, or none. */
export async function builtContent({ file, sha256: wanted }: BuiltTool): Promise<Buffer> {
  const content = await readFile(file);
  if (sha256(content) !== wanted) throw new Error(`${file} was changed while it was read; run again`);
  return content;
}

const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
