/**
 * Tools as they were built: `<cache>/go-tools/<key>/<binary>` and `meta.json`. Image layers and the machine's own tools
 * take them from here, so that none is built twice.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { GoToolPin } from "../../domain/recipe.ts";
import { contentHash } from "../../domain/recipe-hash.ts";
import type { Host } from "../host.ts";
import { type BinaryPlace, builtOnce, type KeptBinary } from "./binary-cache.ts";
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

export interface BuiltTool extends KeptBinary {
  /** Of its module, as the binary has it. */
  sum: string;
}

export const toolsCache = (host: Host): string => path.join(host.folders.cache, "go-tools");

const placeOf = (host: Host, question: ToolQuestion): BinaryPlace => ({
  parent: toolsCache(host),
  key: contentHash({ format: FORMAT, flags: FLAGS, ...question }),
  binary: question.pin.binary,
  lock: "gotool",
});

/** `sdk` answers the folder of the Go that builds, and is asked only when there is something to build. */
export async function builtTool(
  host: Host,
  question: ToolQuestion,
  sdk: () => Promise<string>,
  onProgress: (text: string) => void,
): Promise<BuiltTool> {
  return builtOnce(host, placeOf(host, question), onProgress, async (work) => {
    const content = (await madeBefore(host, question, work)) ?? (await build(host, question, sdk, work, onProgress));
    return { content, more: { sum: readBuildInfo(content)?.sum ?? "" } };
  });
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

/** Its bytes, which are copied to more places than one: those that were checked, or none. */
export async function builtContent({ file, sha256: wanted }: BuiltTool): Promise<Buffer> {
  const content = await readFile(file);
  if (sha256(content) !== wanted) throw new Error(`${file} was changed while it was read; run again`);
  return content;
}

const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
