/**
 * `GoTool`: a program built by `go install` from an exact version, verified by the checksum database. Version and sum are
 * read back from the program itself, which carries them.
 */
import path from "node:path";
import { type BuildInfo, readBuildInfo } from "../go/buildinfo.ts";
import { folderProblem } from "../go/folder.ts";
import { takeOut, toolInside, toolLayer } from "../go/layers.ts";
import type { CheckFailure, DiffResult, ReadResult, Report, ResourceHandler } from "../handler.ts";
import type { Host } from "../host.ts";
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
  async check(_host, news, unknown) {
    const failures: CheckFailure[] = [];
    const want = (property: keyof GoToolInputs, shape: RegExp, allowed: string) => {
      if (unknown.has(property) || shape.test(String(news[property]))) return;
      failures.push({ property, reason: `is ${JSON.stringify(news[property]) ?? "missing"}; must be ${allowed}` });
    };
    want("package", /^[a-z0-9.-]+\.[a-z]+(\/[\w.~-]+)+$/i, "a package path such as golang.org/x/tools/gopls");
    want("version", /^v\d+\.\d+\.\d+(-[\w.-]+)?$/, "an exact version such as v0.16.2; never latest");
    want("binary", /^[\w.-]+$/, "a program's name");
    want("go", /^1\.\d+\.\d+$/, "a full Go release such as 1.22.6");
    const problem = unknown.has("folder") ? undefined : folderProblem(news.folder);
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
    return { id: pathOf(news), outputs: await put(host, news, report) };
  },

  async read(host, id, olds): Promise<ReadResult<GoToolInputs, GoToolOutputs> | undefined> {
    const outputs = await look(host, id);
    if (outputs === undefined) return undefined;
    const { path: _path, sum: _sum, sha256: _sha256, installed: _installed, ...inputs } = outputs;
    return { id, inputs, outputs: { ...outputs, installed: olds?.installed ?? outputs.sha256 } };
  },

  async update(host, _id, _olds, news, report) {
    return await put(host, news, report);
  },

  async delete(host, id) {
    await host.files.remove(id);
    for (const folder of [
      path.dirname(id),
      path.dirname(path.dirname(id)),
      path.dirname(path.dirname(path.dirname(id))),
    ])
      if (!(await host.files.removeEmptyFolder(folder))) return;
  },
};

const pathOf = ({ folder, go, binary }: GoToolInputs): string => path.join(folder, `go${go}-tools`, "bin", binary);

async function put(host: Host, news: GoToolInputs, report: Report): Promise<GoToolOutputs> {
  const target = pathOf(news);
  const layer = await toolLayer(host, news.go, news, report);
  const options = { signal: host.signal, onWait: (holder: string) => report(`waiting for ${holder}`) };
  return await withLock(`go:${sha256(target).slice(0, 40)}`, options, async () => {
    await host.files.makeFolder(path.dirname(target));
    await takeOut(host, layer, toolInside(news.go, news.binary), target);
    const found = await look(host, target);
    if (found?.package !== news.package || found.version !== news.version) {
      throw new Error(
        `${target} says it is ${found?.package ?? "nothing"} ${found?.version ?? ""}, but ${news.package} ${news.version} was asked for`,
      );
    }
    return found;
  });
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
