/**
 * `ManagedFile`: a file whose content is kept as declared.
 *
 * - The first touch keeps what stood there (content, mode, owner, or that nothing did); delete gives it back byte for
 *   byte and removes the folders we made, if they are empty.
 * - A file that a person edited since is never destroyed: delete moves the edit to `FILE.go-workstation-kept` (numbered
 *   when that is taken) before the original comes back, and says so. A file we never wrote (imported) is left alone.
 * - A symbolic link is refused, naming its target: replacing it would cut the link, writing through it would change a
 *   file that nobody named. Whoever wants the target manages the target.
 * - The state holds the content's hash; the content of an edited file never gets there.
 */
import path from "node:path";
import type { CheckFailure, DiffResult, ReadResult, Report, ResourceHandler } from "../handler.ts";
import type { Host } from "../host.ts";
import { forgetOriginal, keepOriginal, loadOriginal, originalContent, sha256 } from "../originals.ts";

export interface ManagedFileInputs {
  path: string;
  mode: "whole";
  content: string;
  permissions?: string;
}

export interface ManagedFileOutputs {
  path: string;
  mode: "whole";
  /** Of the content on disk; empty when something other than a file is there. */
  sha256: string;
  /** As found on disk, octal. */
  permissions: string;
}

const modes = ["whole"];
const newFileMode = 0o644;

export const managedFile: ResourceHandler<ManagedFileInputs, ManagedFileOutputs> = {
  reveals: { content: ["sha256"] },

  async check(host, news, unknown) {
    const inputs = { mode: "whole", ...news } as ManagedFileInputs;
    const failures: CheckFailure[] = [];
    const fail = (property: string, reason: string) => failures.push({ property, reason });
    if (!unknown.has("path")) {
      const problem = await pathProblem(host, news.path);
      if (problem !== undefined) fail("path", problem);
    }
    if (!unknown.has("mode") && !modes.includes(inputs.mode)) {
      fail("mode", `is ${JSON.stringify(inputs.mode)}; allowed: ${modes.join(", ")}`);
    }
    if (!unknown.has("content") && typeof news.content !== "string") {
      fail("content", `must be text, but is ${news.content === undefined ? "missing" : `a ${typeof news.content}`}`);
    }
    const { permissions } = news;
    if (permissions !== undefined && !unknown.has("permissions")) {
      if (typeof permissions === "string" && /^0?[0-7]{3}$/.test(permissions))
        inputs.permissions = octal(Number.parseInt(permissions, 8));
      else fail("permissions", `is ${JSON.stringify(permissions)}; must be octal permissions as text, such as "0644"`);
    }
    return { inputs, failures };
  },

  async diff(_host, olds, news, unknown): Promise<DiffResult> {
    const differs: Record<string, boolean> = {
      path: unknown.has("path") || olds.path !== news.path,
      mode: unknown.has("mode") || olds.mode !== news.mode,
      content: unknown.has("content") || olds.sha256 !== sha256(news.content),
      permissions:
        unknown.has("permissions") || (news.permissions !== undefined && news.permissions !== olds.permissions),
    };
    const changed = Object.keys(differs).filter((name) => differs[name]);
    return { changed, replaces: changed.filter((name) => name === "path"), deleteBeforeReplace: false };
  },

  async preview(_host, news) {
    return {
      ...(news.path === undefined ? {} : { path: news.path }),
      mode: "whole",
      ...(news.content === undefined ? {} : { sha256: sha256(news.content) }),
      ...(news.permissions === undefined ? {} : { permissions: news.permissions }),
    };
  },

  async create(host, news) {
    return { id: news.path, outputs: await put(host, news) };
  },

  async read(host, id, olds): Promise<ReadResult<ManagedFileInputs, ManagedFileOutputs> | undefined> {
    const found = await host.files.stat(id);
    if (found === undefined) return undefined;
    const content = found.kind === "file" ? await host.files.read(id) : undefined;
    if (content === undefined && olds === undefined)
      throw new Error(`the path ${(await pathProblem(host, id)) ?? `${id} is gone`}`);
    const permissions = octal(found.mode);
    const outputs: ManagedFileOutputs = {
      path: id,
      mode: "whole",
      sha256: content === undefined ? "" : sha256(content),
      permissions,
    };
    // A refresh keeps the declared content: what somebody else wrote into the file is none of the state's business.
    if (olds !== undefined || content === undefined) return { id, inputs: {}, outputs };
    const text = content.toString("utf8");
    if (!Buffer.from(text).equals(content)) throw new Error(`${id} is not UTF-8 text and cannot be managed`);
    return { id, inputs: { path: id, mode: "whole", content: text, permissions }, outputs };
  },

  async update(host, _id, _olds, news) {
    return put(host, news);
  },

  async delete(host, id, _olds, report) {
    const original = await loadOriginal(host, id);
    if (original === undefined) {
      // Never written by us, or given back by a run that was stopped before it had cleared all of its copy away.
      await forgetOriginal(host, id);
      return;
    }
    const found = await host.files.stat(id);
    if (found !== undefined && found.kind !== "file") throw new Error(`the path ${await pathProblem(host, id)}`);
    const hash = found === undefined ? undefined : sha256((await host.files.read(id)) ?? "");
    const givenBack = original.was === null ? found === undefined : hash === original.was.sha256;
    const edited = hash !== undefined && !original.ours.includes(hash) && !givenBack;
    // The copy is checked before anything is moved.
    const content = original.was === null ? undefined : await originalContent(host, original);
    if (edited) await keepEdit(host, id, report);
    if (original.was === null) await host.files.remove(id);
    else if (content !== undefined) {
      const { mode, uid, gid } = original.was;
      await host.files.makeFolder(path.dirname(id));
      await host.files.write(id, content, { mode, owner: { uid, gid } });
    }
    for (const folder of original.folders.toReversed()) {
      if (!(await host.files.removeEmptyFolder(folder))) break;
    }
    await forgetOriginal(host, id);
  },
};

/** Original kept, then the new content in one step. A second run after a stop anywhere in between ends the same. */
async function put(host: Host, news: ManagedFileInputs): Promise<ManagedFileOutputs> {
  const problem = await pathProblem(host, news.path);
  if (problem !== undefined) throw new Error(`the path ${problem}`);
  const hash = sha256(news.content);
  const found = await host.files.stat(news.path);
  const missing = await missingFolders(host, path.dirname(news.path));
  await keepOriginal(host, news.path, { writing: hash, folders: missing });
  await host.files.makeFolder(path.dirname(news.path));
  const mode = news.permissions === undefined ? (found?.mode ?? newFileMode) : Number.parseInt(news.permissions, 8);
  await host.files.write(news.path, news.content, {
    mode,
    ...(found === undefined ? {} : { owner: { uid: found.uid, gid: found.gid } }),
  });
  return { path: news.path, mode: news.mode, sha256: hash, permissions: octal(mode) };
}

/** Noted before they are made: a run that was killed in between still knows which folders are ours. */
async function missingFolders(host: Host, folder: string): Promise<string[]> {
  const missing: string[] = [];
  for (let at = folder; at !== path.dirname(at) && (await host.files.stat(at)) === undefined; at = path.dirname(at)) {
    missing.unshift(at);
  }
  return missing;
}

async function keepEdit(host: Host, file: string, report: Report | undefined): Promise<void> {
  let kept = `${file}.go-workstation-kept`;
  for (let number = 2; (await host.files.stat(kept)) !== undefined; number += 1)
    kept = `${file}.go-workstation-kept-${number}`;
  const found = await host.files.stat(file);
  const content = await host.files.read(file);
  if (found === undefined || content === undefined) return;
  await host.files.write(kept, content, { mode: found.mode, owner: { uid: found.uid, gid: found.gid } });
  report?.(`${file} was edited by hand since we wrote it; the edit is kept in ${kept}`, { finished: true });
}

async function pathProblem(host: Host, file: unknown): Promise<string | undefined> {
  if (typeof file !== "string" || file === "")
    return `must be an absolute path, but is ${JSON.stringify(file) ?? "missing"}`;
  const shown = JSON.stringify(file);
  if (!path.isAbsolute(file)) return `is ${shown}; must be an absolute path, starting with /`;
  if (file.includes("\0")) return `is ${shown}; a path cannot contain a zero byte`;
  if (path.normalize(file) !== file || file.endsWith("/"))
    return `is ${shown}; must be written plainly: ${path.resolve(file)}`;
  const found = await host.files.stat(file);
  if (found === undefined || found.kind === "file") return undefined;
  if (found.kind === "folder") return `is ${shown}, a folder; name a file`;
  if (found.kind === "other") return `is ${shown}, a device, pipe or socket; name a plain file`;
  const target = path.resolve(path.dirname(file), await host.files.link(file));
  return `is ${shown}, a symbolic link to ${target}; manage ${target} instead, or replace the link by a file first`;
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
