/**
 * `GoSdk`: a Go release in a folder of the user's, taken from the checksum-verified toolchain module. What is there is read
 * back: its own VERSION, and the bytes of the programs that everything else is built with.
 */
import path from "node:path";
import { folderProblem } from "../go/folder.ts";
import { sdkInside, sdkLayer, takeOut } from "../go/layers.ts";
import type { CheckFailure, DiffResult, ReadResult, ResourceHandler } from "../handler.ts";
import type { Host } from "../host.ts";
import { withLock } from "../lock.ts";
import { sha256 } from "../originals.ts";

export interface GoSdkInputs {
  /** Such as `1.22.6`. */
  version: string;
  /** Its parent; the SDK is `go<version>` in it. */
  folder: string;
}

export interface GoSdkOutputs {
  version: string;
  folder: string;
  /** GOROOT. */
  path: string;
  /** SHA-256 over the programs as they are; empty when one of them is missing. */
  digest: string;
  /** The same when it was installed; another one now is drift. */
  installed: string;
}

const MAIN = ["bin/go", "bin/gofmt"];
const TOOLS = ["asm", "compile", "link"];

export const goSdk: ResourceHandler<GoSdkInputs, GoSdkOutputs> = {
  async check(_host, news, unknown) {
    const failures: CheckFailure[] = [];
    if (!unknown.has("version") && !/^1\.\d+\.\d+$/.test(String(news.version)))
      failures.push({
        property: "version",
        reason: `is ${JSON.stringify(news.version) ?? "missing"}; must be a full Go release such as 1.22.6`,
      });
    const problem = unknown.has("folder") ? undefined : folderProblem(news.folder);
    if (problem !== undefined) failures.push({ property: "folder", reason: problem });
    return { inputs: news as GoSdkInputs, failures };
  },

  async diff(_host, olds, news, unknown): Promise<DiffResult> {
    const moved = unknown.has("folder") || olds.path !== pathOf(news);
    const other = unknown.has("version") || olds.version !== news.version || olds.digest !== olds.installed;
    const changed = [...(moved ? ["folder"] : []), ...(other ? ["version"] : [])];
    return { changed, replaces: moved ? changed : [], deleteBeforeReplace: false };
  },

  async preview(_host, news) {
    if (news.version === undefined || news.folder === undefined) return {};
    return { version: news.version, folder: news.folder, path: pathOf(news as GoSdkInputs) };
  },

  async create(host, news, report) {
    return { id: pathOf(news), outputs: await put(host, news, report) };
  },

  async read(host, id, olds): Promise<ReadResult<GoSdkInputs, GoSdkOutputs> | undefined> {
    const version = await versionOf(host, id);
    if ((await host.files.stat(id)) === undefined) return undefined;
    const folder = path.dirname(id);
    const digest = await digestOf(host, id);
    const outputs = { version, folder, path: id, digest, installed: olds?.installed ?? digest };
    return { id, inputs: { version, folder }, outputs };
  },

  async update(host, _id, _olds, news, report) {
    return await put(host, news, report);
  },

  async delete(host, id) {
    const real = host.files.real(id);
    if (!/\/go1\.\d+\.\d+$/.test(id)) throw new Error(`${id} is no folder of a Go SDK; it was left as it is`);
    await host.run("rm", ["-rf", "--one-file-system", real]);
    await host.files.removeEmptyFolder(path.dirname(id));
  },
};

const pathOf = ({ folder, version }: GoSdkInputs): string => path.join(folder, `go${version}`);

async function put(host: Host, news: GoSdkInputs, report: Parameters<typeof sdkLayer>[2]): Promise<GoSdkOutputs> {
  const target = pathOf(news);
  const layer = await sdkLayer(host, news.version, report);
  const options = { signal: host.signal, onWait: (holder: string) => report(`waiting for ${holder}`) };
  return await withLock(`go:${sha256(target).slice(0, 40)}`, options, async () => {
    await host.files.makeFolder(news.folder);
    await takeOut(host, layer, sdkInside(news.version), target);
    const digest = await digestOf(host, target);
    return { ...news, version: await versionOf(host, target), path: target, digest, installed: digest };
  });
}

/** The SDK's own word; empty when it has none. */
async function versionOf(host: Host, sdk: string): Promise<string> {
  const text = await host.files.text(path.join(sdk, "VERSION"));
  return /^go(\S+)/.exec(text ?? "")?.[1] ?? "";
}

async function digestOf(host: Host, sdk: string): Promise<string> {
  const platforms = await host.files.list(path.join(sdk, "pkg/tool"));
  const files = [...MAIN, ...platforms.flatMap(({ name }) => TOOLS.map((tool) => `pkg/tool/${name}/${tool}`)).sort()];
  const contents = await Promise.all(
    files.map(async (file) => {
      const [stat, content] = await Promise.all([
        host.files.stat(path.join(sdk, file)),
        host.files.read(path.join(sdk, file)),
      ]);
      return content === undefined || stat === undefined
        ? undefined
        : `${file} ${stat.mode & 0o111} ${sha256(content)}`;
    }),
  );
  return contents.length <= MAIN.length || contents.includes(undefined) ? "" : sha256(contents.join("\n"));
}
