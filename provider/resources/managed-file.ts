/**
 * `ManagedFile`: a file whose content is kept as declared, or keys or a block of lines in a file that is somebody else's.
 *
 * - The first touch keeps what stood there (content, mode, owner, or that nothing did); delete gives it back byte for
 *   byte and removes the folders we made, if they are empty.
 * - Mode `whole`: a file that a person edited since is never destroyed: delete moves the edit to
 *   `FILE.go-workstation-kept` (numbered when that is taken) before the original comes back, and says so.
 * - Other modes: only our keys are compared, written and taken out. A key that a person gave another value is theirs: delete
 *   leaves it and says so. Several resources can have keys in one file.
 * - A file we never wrote (imported) is left alone.
 * - A symbolic link is refused, naming its target, unless `symlink` says to follow it: replacing it would cut the link.
 * - The state holds our keys and hashes; what others wrote never gets there.
 */
import path from "node:path";
import { digest, samePath } from "../../domain/files/format.ts";
import { bareIni } from "../../domain/files/ini.ts";
import type { DiffResult, ReadResult, Report, ResourceHandler } from "../handler.ts";
import type { Host } from "../host.ts";
import { missingFolders } from "../host-files.ts";
import { keepOriginal, loadOriginal, sha256 } from "../originals.ts";
import {
  checkArguments,
  type ManagedFileInputs,
  type ManagedFileOutputs,
  modes,
  octal,
  ownerOf,
  wantedOf,
} from "./managed-file/arguments.ts";
import { giveBack } from "./managed-file/give-back.ts";
import {
  differingValues,
  familyOf,
  foundParts,
  importParts,
  outputsOf,
  putParts,
  readParts,
} from "./managed-file/parts.ts";
import { locate, look, oneAtATime, type Place, pathProblem } from "./managed-file/place.ts";

export type { ManagedFileInputs, ManagedFileOutputs } from "./managed-file/arguments.ts";

const newFileMode = 0o644;

export const managedFile: ResourceHandler<ManagedFileInputs, ManagedFileOutputs> = {
  reveals: { content: ["sha256"], values: ["sha256"] },

  async check(host, news, unknown) {
    const { inputs, failures } = checkArguments(news, unknown);
    if (!unknown.has("path")) {
      const follow = news.symlink === "follow" && (await host.files.stat(String(news.path)))?.kind === "link";
      const problem = follow ? await linkProblem(host, String(news.path)) : await pathProblem(host, news.path);
      if (problem !== undefined) failures.unshift({ property: "path", reason: problem });
    }
    return { inputs, failures };
  },

  async diff(_host, olds, news, unknown) {
    return compare(olds, news, unknown);
  },

  async preview(_host, news) {
    const known = news.path === undefined ? {} : { path: news.path };
    const permissions = news.permissions === undefined ? {} : { permissions: news.permissions };
    const mode = news.mode ?? "whole";
    if (mode === "whole") {
      const hash = news.content === undefined ? {} : { sha256: sha256(news.content) };
      return { ...known, mode, ...hash, ...permissions };
    }
    if ((mode === "block" ? news.content : news.values) === undefined) return { ...known, mode, ...permissions };
    const { permissions: _, ...outputs } = outputsOf(
      { ...news, path: news.path ?? "", mode },
      wantedOf(news),
      "",
      undefined,
    );
    return { ...outputs, ...known, ...permissions };
  },

  async create(host, news, report) {
    return { id: news.path, outputs: await put(host, news, undefined, report) };
  },

  async read(host, id, olds): Promise<ReadResult<ManagedFileInputs, ManagedFileOutputs> | undefined> {
    if (olds === undefined) return await readForImport(host, id);
    const place = await look(host, id, olds.target !== undefined);
    if (place.stat === undefined) return undefined;
    // A refresh keeps the declared content: what somebody else wrote into the file is none of the state's business.
    if (olds.mode !== "whole") return { id, inputs: {}, outputs: await readParts(host, olds, place) };
    const content = place.stat.kind === "file" ? await host.files.read(place.file) : undefined;
    const hash = content === undefined ? "" : sha256(content);
    return { id, inputs: {}, outputs: wholeOutputs(id, hash, place.stat, place.target) };
  },

  async update(host, _id, olds, news, report) {
    return await put(host, news, olds, report);
  },

  async delete(host, id, olds, report) {
    const of = { mode: olds.mode, ...(olds.keys === undefined ? {} : { keys: olds.keys }) };
    await oneAtATime(host, id, () => giveBack(host, id, of, report));
  },

  async driftSealed(host, id, olds, news, sealed) {
    const place = await look(host, id, olds.target !== undefined);
    if (place.stat === undefined) return undefined;
    const { path: file = id, mode = "whole", keys = [] } = olds;
    const seen = { ...olds, permissions: octal(place.stat.mode), owner: ownerText(place.stat) } as ManagedFileOutputs;
    const compared = compare(seen, { ...news, path: file, mode } as ManagedFileInputs, new Set());
    const hidden = await hiddenDrift(host, { path: file, mode, keys }, place);
    const plain = compared.changed.filter((name) => ["path", "mode", "permissions", "owner"].includes(name));
    const name = sealed.has("content") || mode === "whole" || mode === "block" ? "content" : "values";
    return { ...compared, changed: hidden ? [...plain, name] : plain, details: {} };
  },
};

function compare(olds: ManagedFileOutputs, news: ManagedFileInputs, unknown: ReadonlySet<string>): DiffResult {
  const text = news.mode === "whole" || news.mode === "block";
  const wish = () => (news.mode === "whole" ? sha256(news.content ?? "") : sha256(String(wantedOf(news)[0]?.value)));
  const values = text || unknown.has("values") ? [] : differingValues(olds, news);
  const differs: Record<string, boolean> = {
    path: unknown.has("path") || olds.path !== news.path,
    mode: unknown.has("mode") || olds.mode !== news.mode,
    content: unknown.has("content") || (text && olds.sha256 !== wish()),
    values: unknown.has("values") || values.length > 0,
    comment: unknown.has("comment") || (news.mode === "block" && olds.comment !== news.comment),
    block: unknown.has("block") || (news.mode === "block" && olds.block !== news.block),
    permissions:
      unknown.has("permissions") || (news.permissions !== undefined && news.permissions !== olds.permissions),
    owner: unknown.has("owner") || (news.owner !== undefined && news.owner !== olds.owner),
  };
  const changed = Object.keys(differs).filter((name) => differs[name]);
  // What is ours of the file is another thing then: it is given back first.
  const otherKind = differs.mode === true && familyOf(olds.mode) !== familyOf(news.mode);
  const replaces = changed.filter((name) => name === "path" || (name === "mode" && otherKind));
  const result = { changed, replaces, deleteBeforeReplace: otherKind && differs.path !== true };
  return values.length === 0 ? result : { ...result, details: { values } };
}

async function linkProblem(host: Host, file: string): Promise<string | undefined> {
  try {
    await locate(host, file, "follow");
    return undefined;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replace(/^the path /, "");
  }
}

function put(
  host: Host,
  news: ManagedFileInputs,
  olds: ManagedFileOutputs | undefined,
  report: Report,
): Promise<ManagedFileOutputs> {
  return oneAtATime(host, news.path, async () => {
    const place = await locate(host, news.path, news.symlink ?? "refuse");
    const known = await loadOriginal(host, news.path);
    // The link leads elsewhere now: the file that we changed so far gets back what it had.
    if (known !== undefined && known.target !== place.target)
      await giveBack(host, news.path, { mode: news.mode }, report);
    return news.mode === "whole"
      ? await putWhole(host, news, place)
      : await putParts(host, news, olds, place, newFileMode);
  });
}

/** Original kept, then the new content in one step. A second run after a stop anywhere in between ends the same. */
async function putWhole(host: Host, news: ManagedFileInputs, place: Place): Promise<ManagedFileOutputs> {
  const known = await loadOriginal(host, news.path);
  if (known?.part !== undefined) {
    throw new Error(
      `${news.path} cannot be managed as a whole: it is managed already in mode ${known.part.format}; give a file one mode, or remove the other one first`,
    );
  }
  const content = news.content ?? "";
  const hash = sha256(content);
  const folders = await missingFolders(host.files, path.dirname(place.file));
  const target = place.target === undefined ? {} : { target: place.target };
  await keepOriginal(host, news.path, { writing: hash, folders, file: place.file, ...target });
  await host.files.makeFolder(path.dirname(place.file));
  const mode =
    news.permissions === undefined ? (place.stat?.mode ?? newFileMode) : Number.parseInt(news.permissions, 8);
  const owner = news.owner === undefined ? place.stat : ownerOf(news.owner);
  await host.files.write(place.file, content, {
    mode,
    ...(owner === undefined ? {} : { owner: { uid: owner.uid, gid: owner.gid } }),
  });
  const { uid, gid } = owner ?? host.user;
  return wholeOutputs(news.path, hash, { mode, uid, gid }, place.target);
}

const ownerText = ({ uid, gid }: { uid: number; gid: number }): string => `${uid}:${gid}`;

function wholeOutputs(
  file: string,
  hash: string,
  stat: { mode: number; uid: number; gid: number },
  target: string | undefined,
): ManagedFileOutputs {
  return {
    path: file,
    mode: "whole",
    sha256: hash,
    permissions: octal(stat.mode),
    owner: ownerText(stat),
    ...(target === undefined ? {} : { target }),
  };
}

/** `PATH`, `ini:PATH`, `json:PATH`, `jsonc:PATH`, `block:PATH` or `block:NAME:PATH`. */
async function readForImport(
  host: Host,
  id: string,
): Promise<ReadResult<ManagedFileInputs, ManagedFileOutputs> | undefined> {
  const [, prefix = "whole", block, file = id] = /^([a-z]+):(?:([\w.-]+):)?(\/.*)$/.exec(id) ?? [];
  const mode = modes.find((known) => known === prefix);
  if (mode === undefined || (block !== undefined && mode !== "block"))
    throw new Error(
      `the id ${id} is not understood; give PATH, ini:PATH, json:PATH, jsonc:PATH, block:PATH or block:NAME:PATH`,
    );
  const stat = await host.files.stat(file);
  if (stat === undefined) return undefined;
  const problem = await pathProblem(host, file);
  if (problem !== undefined) throw new Error(`the path ${problem}`);
  if (mode !== "whole") {
    const of = { mode, path: file, ...(block === undefined ? {} : { block }) };
    return { id: file, ...(await importParts(host, of, { file, stat })) };
  }
  const content = (await host.files.read(file)) ?? Buffer.alloc(0);
  const text = content.toString("utf8");
  if (!Buffer.from(text).equals(content)) throw new Error(`${file} is not UTF-8 text and cannot be managed`);
  const outputs = wholeOutputs(file, sha256(content), stat, undefined);
  return { id: file, inputs: { path: file, mode, content: text, permissions: outputs.permissions }, outputs };
}

/** Against the hashes of what we last wrote, which are kept beside the original. */
async function hiddenDrift(
  host: Host,
  of: Required<Pick<ManagedFileOutputs, "path" | "mode" | "keys">>,
  place: Place,
): Promise<boolean> {
  const original = await loadOriginal(host, of.path);
  if (original === undefined) return false;
  if (original.part === undefined) {
    const content = place.stat?.kind === "file" ? await host.files.read(place.file) : undefined;
    return content === undefined || sha256(content) !== original.ours.at(-1);
  }
  const found = await foundParts(
    host,
    of.mode,
    of.path,
    place,
    of.keys.map((key) => ({ path: key, value: "" })),
  );
  return of.keys.some((key) => {
    const wrote = original.part?.touch.keys.find((one) => samePath(one.path, key))?.wrote.at(-1);
    const value = found.find((leaf) => samePath(leaf.path, key))?.value;
    return value === undefined || ![value, bareIni(String(value))].some((spelled) => digest(spelled) === wrote);
  });
}
