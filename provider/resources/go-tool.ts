/**
 * `GoTool`: a program built by `go install` from an exact version, verified by the checksum database as this machine's Go
 * is set up to. Version and sum are read back from the program itself, which carries them.
 *
 * Its whole content is hashed at every look, some 15 ms for 20 MB and without starting a process: a saved size and time of
 * change would be quicker and miss an edit that keeps both. What somebody else put in its place is never removed.
 */
import path from "node:path";
import { machineArch } from "../facts/system.ts";
import { type BuildInfo, readBuildInfo } from "../go/buildinfo.ts";
import { folderProblem } from "../go/folder.ts";
import { forgetInstalled, loadInstalled, removeMadeFolders, saveInstalled } from "../go/installed.ts";
import type { CheckFailure, DiffResult, ReadResult, Report, ResourceHandler } from "../handler.ts";
import type { Host } from "../host.ts";
import { missingFolders } from "../host-files.ts";
import { withLock } from "../lock.ts";
import { sha256 } from "../originals.ts";

export interface GoToolInputs {
  /** Package path, such as `golang.org/x/tools/gopls`. */
  package: string;
  /** Exact, such as `v0.16.2`. */
  version: string;
  /** Name of the program. */
  binary: string;
  /** Go release that builds it and that it is for. */
  go: string;
  /** Parent of `go<release>-tools/bin`. */
  folder: string;
}

export interface GoToolOutputs extends GoToolInputs {
  path: string;
  /** `h1:` sum of its module, from the program; empty when what is there is no Go program. */
  sum: string;
  /** SHA-256 of the program as it is, and as it was installed. */
  sha256: string;
  installed: string;
}

export const goTool: ResourceHandler<GoToolInputs, GoToolOutputs> = {
  async check(host, news, unknown) {
    const failures: CheckFailure[] = [];
    const want = (property: keyof GoToolInputs, shape: RegExp, allowed: string) => {
      if (unknown.has(property) || shape.test(String(news[property]))) return;
      failures.push({ property, reason: `is ${JSON.stringify(news[property]) ?? "missing"}; must be ${allowed}` });
    };
    want("package", /^[a-z0-9.-]+\.[a-z]+(\/[\w.~-]+)+$/i, "a package path such as golang.org/x/tools/gopls");
    want("version", /^v\d+\.\d+\.\d+(-[\w.-]+)?$/, "an exact version such as v0.16.2; never latest");
    want("binary", /^[\w.-]+$/, "a program's name");
    want("go", /^1\.\d+\.\d+$/, "a full Go release such as 1.22.6");
    const problem = unknown.has("folder") ? undefined : await folderProblem(host, news.folder);
    if (problem !== undefined) failures.push({ property: "folder", reason: problem });
    return { inputs: news as GoToolInputs, failures };
  },

  async diff(_host, olds, news, unknown): Promise<DiffResult> {
    const moved = unknown.has("folder") || olds.path !== pathOf(news);
    const differs: Record<string, boolean> = {
      package: unknown.has("package") || olds.package !== news.package,
      version: unknown.has("version") || olds.version !== news.version || olds.sha256 !== olds.installed,
      go: unknown.has("go") || olds.go !== news.go,
    };
    const changed = Object.keys(differs).filter((name) => differs[name]);
    if (moved) changed.push("folder");
    return { changed, replaces: moved ? changed : [], deleteBeforeReplace: false };
  },

  async preview(_host, news) {
    return news.folder === undefined || news.go === undefined || news.binary === undefined
      ? news
      : { ...news, path: pathOf(news as GoToolInputs) };
  },

  async create(host, news, report) {
    return { id: pathOf(news), outputs: await put(host, news, report, false) };
  },

  async read(host, id, olds): Promise<ReadResult<GoToolInputs, GoToolOutputs> | undefined> {
    const outputs = await look(host, id);
    if (outputs === undefined) return undefined;
    if (olds === undefined && outputs.package === "") throw new Error(`${id} is no Go program, and cannot be imported`);
    const record = await loadInstalled(host, id);
    const { path: _path, sum: _sum, sha256: _sha256, installed: _installed, ...inputs } = outputs;
    return { id, inputs, outputs: { ...outputs, installed: record?.digest ?? olds?.installed ?? outputs.sha256 } };
  },

  async update(host, _id, _olds, news, report) {
    return await put(host, news, report, true);
  },

  async delete(host, id, _olds, report) {
    await locked(host, id, report, async () => {
      const record = await loadInstalled(host, id);
      const content = await host.files.read(id);
      if (content !== undefined && sha256(content) !== record?.digest) {
        const who =
          record === undefined ? "was not installed by go-workstation" : "is another program than the one installed";
        report?.(`${id} ${who}, and stays`, { finished: true });
      } else {
        await host.files.remove(id);
        const bin = path.dirname(id);
        const own = [bin, path.dirname(bin), path.dirname(path.dirname(bin))];
        await removeMadeFolders(host, record?.folders ?? [], own);
      }
      await forgetInstalled(host, id);
    });
  },
};

const pathOf = ({ folder, go, binary }: GoToolInputs): string => path.join(folder, `go${go}-tools`, "bin", binary);

function locked<T>(host: Host, at: string, report: Report | undefined, work: () => Promise<T>): Promise<T> {
  const onWait = (holder: string) => report?.(`${at}: waiting for ${holder}, which works on it`);
  return withLock(`go:${sha256(host.files.real(at)).slice(0, 40)}`, { signal: host.signal, onWait }, work);
}

/** `takeOver`: what stands there was handed to us, by a run before or by an import. */
async function put(host: Host, news: GoToolInputs, report: Report, takeOver: boolean): Promise<GoToolOutputs> {
  const problem = await folderProblem(host, news.folder);
  if (problem !== undefined) throw new Error(`the folder ${problem}`);
  const target = pathOf(news);
  // Loaded late: looking at what is there needs nothing of it.
  const { builtTool, builtContent } = await import("../go/tool-cache.ts");
  const pin = { package: news.package, version: news.version, binary: news.binary };
  const built = await builtTool(host, { pin, go: news.go, arch: machineArch() }, () => sdkOf(host, news), report);
  return await locked(host, target, report, async () => {
    const [there, record] = await Promise.all([host.files.read(target), loadInstalled(host, target)]);
    if (there !== undefined && record === undefined && !takeOver && sha256(there) !== built.sha256) {
      throw new Error(
        `${target} is there already, and go-workstation did not install it; move it away, or take it over: pulumi import workstation:index:GoTool NAME ${target}`,
      );
    }
    const content = await builtContent(built);
    const folders = await missingFolders(host.files, path.dirname(target));
    await saveInstalled(host, { path: target, digest: built.sha256, sum: built.sum, folders });
    await host.files.makeFolder(path.dirname(target));
    await host.files.write(target, content, { mode: 0o755 });
    const found = await look(host, target);
    if (found === undefined) throw new Error(`${target} was removed while it was installed; run again`);
    return found;
  });
}

async function sdkOf(host: Host, { folder, go }: GoToolInputs): Promise<string> {
  const sdk = path.join(folder, `go${go}`);
  if ((await host.files.stat(path.join(sdk, "bin", "go"))) !== undefined) return host.files.real(sdk);
  throw new Error(
    `Go ${go}, which builds it, is not at ${sdk}; declare a GoSdk of that version and folder, and let the tool depend on it`,
  );
}

async function look(host: Host, file: string): Promise<GoToolOutputs | undefined> {
  const [stat, content] = await Promise.all([host.files.stat(file), host.files.read(file)]);
  if (stat === undefined || content === undefined) return undefined;
  const info: BuildInfo = readBuildInfo(content) ?? { go: "", package: "", version: "", sum: "" };
  // A program that nobody may start is as good as none.
  const runs = (stat.mode & 0o111) !== 0;
  const bin = path.dirname(file);
  return {
    package: info.package,
    version: info.version,
    binary: path.basename(file),
    go: runs ? info.go : "",
    folder: path.dirname(path.dirname(bin)),
    path: file,
    sum: info.sum,
    sha256: sha256(content),
    installed: sha256(content),
  };
}
