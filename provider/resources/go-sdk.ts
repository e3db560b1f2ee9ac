/**
 * `GoSdk`: a Go SDK of this user at `<folder>/go<version>`, from the toolchain module that the go command has checked
 * against the checksum database.
 *
 * - It is made beside its place and renamed: there is a whole SDK or none, also after a kill.
 * - What is there is read from the SDK itself: its VERSION file, the looks of all files, the content of its programs.
 * - Delete removes the folder that we made, and nothing else: an SDK that was imported and never changed stays.
 */
import { rename, rm } from "node:fs/promises";
import path from "node:path";
import { machineArch } from "../facts/system.ts";
import { folderProblem } from "../go/folder.ts";
import { forgetInstalled, loadInstalled, loadManifest, removeMadeFolders, saveInstalled } from "../go/installed.ts";
import { contentDifferences, differences, listTree, renderManifest, treeDigest } from "../go/sdk-tree.ts";
import type { CheckFailure, DiffResult, ReadResult, Report, ResourceHandler } from "../handler.ts";
import type { Host } from "../host.ts";
import { missingFolders } from "../host-files.ts";
import { withLock } from "../lock.ts";
import { sha256 } from "../originals.ts";
import { workFolder } from "../work-folder.ts";

export interface GoSdkInputs {
  /** Full release, such as `1.22.6`. */
  version: string;
  /** Absolute; the SDK gets a folder in it. */
  folder: string;
}

export interface GoSdkOutputs extends GoSdkInputs {
  path: string;
  /** Of the toolchain module, `h1:…`; empty for an SDK that was imported. */
  sum: string;
  /** Digest of how all its files looked when we made it. */
  tree: string;
  /** Files that look different now, some of them; empty when nothing does. */
  damaged: string[];
}

/** Enough to see what happened. */
const mostNamed = 10;

const pathOf = ({ folder, version }: GoSdkInputs): string => path.join(folder, `go${version}`);

export const goSdk: ResourceHandler<GoSdkInputs, GoSdkOutputs> = {
  async check(host, news, unknown) {
    const failures: CheckFailure[] = [];
    if (!unknown.has("version") && !/^1\.\d+\.\d+$/.test(String(news.version))) {
      const shown = JSON.stringify(news.version) ?? "missing";
      failures.push({ property: "version", reason: `is ${shown}; must be a full Go release such as 1.22.6` });
    }
    const folder = unknown.has("folder") ? undefined : await folderProblem(host, news.folder);
    if (folder !== undefined) failures.push({ property: "folder", reason: folder });
    return { inputs: news as GoSdkInputs, failures };
  },

  async diff(_host, olds, news, unknown): Promise<DiffResult> {
    const moved = (["version", "folder"] as const).filter((name) => unknown.has(name) || olds[name] !== news[name]);
    // An edited SDK is not that version any more.
    const edited = olds.damaged.length > 0 && !moved.includes("version");
    const elsewhere = unknown.size > 0 || pathOf(news) !== olds.path;
    return {
      changed: edited ? ["version", ...moved] : moved,
      replaces: elsewhere ? moved : [],
      deleteBeforeReplace: false,
    };
  },

  async preview(_host, news) {
    const { version, folder } = news;
    return { ...news, ...(version === undefined || folder === undefined ? {} : { path: pathOf({ version, folder }) }) };
  },

  async create(host, news, report) {
    const at = pathOf(news);
    return { id: at, outputs: await locked(host, at, report, () => install(host, news, report, false)) };
  },

  async read(host, id, olds): Promise<ReadResult<GoSdkInputs, GoSdkOutputs> | undefined> {
    const [found, version] = await Promise.all([host.files.stat(id), versionOf(host, id)]);
    if (found === undefined) return undefined;
    if (olds === undefined && (found.kind !== "folder" || version === "" || path.basename(id) !== `go${version}`)) {
      throw new Error(
        `${id} is no Go SDK that can be imported: it must be a folder go<version> with a VERSION file that says so`,
      );
    }
    const record = await loadInstalled(host, id);
    const files = found.kind === "folder" ? listTree(host.files.real(id)) : [];
    const now = treeDigest(files);
    const wanted = record?.digest ?? olds?.tree ?? now;
    const outputs: GoSdkOutputs = {
      version: version === "" ? (olds?.version ?? "") : version,
      folder: path.dirname(id),
      path: id,
      sum: record?.sum ?? olds?.sum ?? "",
      tree: wanted,
      damaged: now === wanted ? [] : named(differences(files, (await loadManifest(host, id)) ?? "")),
    };
    return { id, inputs: { version: outputs.version, folder: outputs.folder }, outputs };
  },

  async update(host, id, _olds, news, report) {
    return await locked(host, id, report, () => install(host, news, report, true));
  },

  async delete(host, id, _olds, report) {
    await locked(host, id, report, async () => {
      const record = await loadInstalled(host, id);
      if (record === undefined) {
        report?.(`${id} was not made by go-workstation and stays`, { finished: true });
        return;
      }
      if ((await host.files.stat(id)) !== undefined) await removeWhole(host, id);
      await removeMadeFolders(host, record.folders, [path.dirname(id)]);
      await forgetInstalled(host, id);
    });
  },
};

/** Content of every file against what we made; for `doctor --deep`. Undefined when we did not make it. */
export async function deepSdkDifferences(host: Host, at: string): Promise<string[] | undefined> {
  const manifest = await loadManifest(host, at);
  return manifest === undefined ? undefined : await contentDifferences(host.files.real(at), manifest);
}

function locked<T>(host: Host, at: string, report: Report | undefined, work: () => Promise<T>): Promise<T> {
  const onWait = (holder: string) => report?.(`${at}: waiting for ${holder}, which works on it`);
  return withLock(`gosdk:${sha256(host.files.real(at)).slice(0, 40)}`, { onWait, signal: host.signal }, work);
}

/** First line of the VERSION file without `go`; empty when there is none. */
async function versionOf(host: Host, at: string): Promise<string> {
  const text = await host.files.text(path.join(at, "VERSION")).catch(() => undefined);
  return /^go(\S+)/.exec(text ?? "")?.[1] ?? "";
}

const named = (all: readonly string[]): string[] =>
  all.length <= mostNamed ? [...all] : [...all.slice(0, mostNamed), `and ${all.length - mostNamed} more`];

async function install(host: Host, news: GoSdkInputs, report: Report, takeOver: boolean): Promise<GoSdkOutputs> {
  const problem = await folderProblem(host, news.folder);
  if (problem !== undefined) throw new Error(`the folder ${problem}`);
  const at = pathOf(news);
  const [found, record] = await Promise.all([host.files.stat(at), loadInstalled(host, at)]);
  if (found !== undefined && found.kind !== "folder")
    throw new Error(`${at} is in the way: not a folder; move it away`);
  // Loaded late: comparing what is there needs nothing of it.
  const { anySdkLayer, unpackSdk } = await import("../image/go-layers.ts");
  const layer = await anySdkLayer(host, news.version, machineArch(), report);
  const parents = await missingFolders(host.files, news.folder);
  await host.files.makeFolder(news.folder);
  const work = await workFolder(host, host.files.real(news.folder), prefixOf(at));
  try {
    const fresh = path.join(work, "sdk");
    report(`unpacking Go ${news.version} …`);
    await unpackSdk(host, layer, news.version, fresh);
    const files = listTree(fresh);
    const digest = treeDigest(files);
    const made = { path: at, digest, sum: layer.sum ?? "", folders: parents };
    const there = found === undefined ? undefined : treeDigest(listTree(host.files.real(at)));
    if (there !== undefined && there !== digest && record === undefined && !takeOver) {
      throw new Error(
        `${at} is there already, and go-workstation did not make it; move it away, or take it over: pulumi import workstation:index:GoSdk NAME ${at}`,
      );
    }
    await saveInstalled(host, made, await renderManifest(fresh, files));
    if (there !== digest) await swapIn(host, fresh, at, work);
    return { ...news, path: at, sum: made.sum, tree: digest, damaged: [] };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const prefixOf = (at: string): string => `.${path.basename(at)}.go-workstation-`;

/** Content is on disk before the name says that it is there: the machine may stop right after. */
async function swapIn(host: Host, fresh: string, at: string, work: string): Promise<void> {
  await host.run("sync", ["-f", fresh]);
  const real = host.files.real(at);
  if ((await host.files.stat(at)) !== undefined) await rename(real, path.join(work, "old"));
  await rename(fresh, real);
}

/** Out of sight in one step: a kill leaves no half SDK under its name. */
async function removeWhole(host: Host, at: string): Promise<void> {
  const work = await workFolder(host, host.files.real(path.dirname(at)), prefixOf(at));
  await rename(host.files.real(at), path.join(work, "old"));
  await rm(work, { recursive: true, force: true });
}
