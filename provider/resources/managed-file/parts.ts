/** Files of which only keys or blocks are ours. */
import path from "node:path";
import { blockFormat, blockText, defaultBlock, defaultComment } from "../../../domain/files/block.ts";
import { decodeText, encodeText } from "../../../domain/files/encoding.ts";
import {
  canonical,
  digest,
  type Format,
  type Leaf,
  leavesOf,
  nest,
  type Path,
  propertyPath,
  samePath,
  type Touch,
  union,
  untouched,
  type Values,
} from "../../../domain/files/format.ts";
import { iniFormat, saysIni } from "../../../domain/files/ini.ts";
import { dialectOf } from "../../../domain/files/ini-lines.ts";
import { jsonFormat } from "../../../domain/files/json.ts";
import { FileProblem } from "../../../domain/files/problem.ts";
import type { Host } from "../../host.ts";
import { missingFolders } from "../../host-files.ts";
import {
  keepOriginal,
  loadOriginal,
  type Original,
  originalContent,
  type PartFormat,
  saveRecord,
  sha256,
} from "../../originals.ts";
import { type ManagedFileInputs, type ManagedFileOutputs, type Mode, octal, wantedOf } from "./arguments.ts";
import type { Place } from "./place.ts";

export function familyOf(mode: Mode): PartFormat | undefined {
  return mode === "whole" ? undefined : mode === "jsonc" ? "json" : mode;
}

export function formatOf(mode: Mode, file: string, comment = defaultComment): Format {
  if (mode === "ini") return iniFormat(dialectOf(file));
  return mode === "block" ? blockFormat(comment) : jsonFormat(mode === "json" ? "json" : "jsonc");
}

/** Original and way back kept, then the file in one step. A second run after a stop anywhere in between ends the same. */
export async function putParts(
  host: Host,
  news: ManagedFileInputs,
  olds: ManagedFileOutputs | undefined,
  place: Place,
  newMode: number,
): Promise<ManagedFileOutputs> {
  const { mode } = news;
  const family = familyOf(mode) as PartFormat;
  const known = await loadOriginal(host, news.path);
  refuseOther(known, news, family);
  const wanted = wantedOf(news);
  const had = keysOf(known, olds?.keys ?? []);
  const dropped = had.filter((key) => !wanted.some((leaf) => samePath(leaf.path, key)));
  const steps = nextSteps(known, olds?.keys, wanted);
  const there = place.stat === undefined ? undefined : await host.files.read(place.file);
  // Who removed the file removed what was others' in it too: it begins again from its first content.
  const was = there === undefined ? (known?.was ?? undefined) : undefined;
  const before = was === undefined || known === undefined ? there : await originalContent(host, known);
  const touch = was === undefined ? (known?.part?.touch ?? untouched) : untouched;
  const gone = was === undefined ? dropped : [];
  const after = explained("change", place.file, () => merged(news, before, touch, gone, wanted));
  const hash = sha256(after.bytes);
  const permissions =
    news.permissions === undefined ? (place.stat?.mode ?? was?.mode ?? newMode) : Number.parseInt(news.permissions, 8);
  const owner = place.stat ?? was;
  const folders = await missingFolders(host.files, path.dirname(place.file));
  const about = {
    writing: hash,
    folders,
    file: place.file,
    ...(place.target === undefined ? {} : { target: place.target }),
    ...(news.permissions === undefined ? {} : { permissions: news.permissions }),
  };
  await keepOriginal(host, news.path, { ...about, part: { format: family, touch: union(after.touch, touch), steps } });
  if (before === undefined || !after.bytes.equals(before) || place.stat?.mode !== permissions) {
    await host.files.makeFolder(path.dirname(place.file));
    await host.files.write(place.file, after.bytes, {
      mode: permissions,
      ...(owner === undefined ? {} : { owner: { uid: owner.uid, gid: owner.gid } }),
    });
  }
  await keepOriginal(host, news.path, { ...about, part: { format: family, touch: after.touch, steps } });
  return outputsOf(news, wanted, octal(permissions), place.target);
}

/** The keys that a resource has or, if it was stopped in a change of them, can have. */
export function keysOf(original: Original | undefined, keys: readonly Path[]): Path[] {
  const more = (original?.part?.steps ?? []).filter(({ from }) => sameKeys(from, keys)).flatMap(({ to }) => to);
  return [...keys, ...more.filter((key) => !keys.some((one) => samePath(one, key)))];
}

function nextSteps(known: Original | undefined, olds: readonly Path[] | undefined, wanted: readonly Leaf[]) {
  const to = wanted.map(({ path: key }) => [...key]);
  const steps = known?.part?.steps ?? [];
  if (olds === undefined || sameKeys(olds, to)) return steps.filter(({ to: noted }) => !sameKeys(noted, to));
  const others = steps.filter((step) => !sameKeys(step.to, olds) && !sameKeys(step.to, to));
  return [...others, { from: olds.map((key) => [...key]), to }];
}

function sameKeys(a: readonly Path[], b: readonly Path[]): boolean {
  const spelled = (keys: readonly Path[]) => JSON.stringify(keys.map((key) => JSON.stringify(key)).sort());
  return spelled(a) === spelled(b);
}

function refuseOther(known: Original | undefined, { path: file, mode }: ManagedFileInputs, family: PartFormat): void {
  if (known === undefined || known.part?.format === family) return;
  throw new Error(
    `${file} cannot be managed in mode ${mode}: it is managed already in mode ${known.part?.format ?? "whole"}; give a file one mode, or remove the other one first`,
  );
}

function merged(
  news: ManagedFileInputs,
  before: Buffer | undefined,
  touch: Touch,
  dropped: readonly Path[],
  wanted: readonly Leaf[],
): { bytes: Buffer; touch: Touch } {
  const format = formatOf(news.mode, news.path, news.comment);
  const { text, encoding } = decodeText(before ?? Buffer.alloc(0));
  // Asked first: a file that is not understood is refused before anything is worked out.
  const fewer = dropped.length === 0 ? { text, touch } : format.undo(text, touch, dropped);
  const after = format.merge(fewer.text, wanted, fewer.touch);
  const found = format.read(after.text, wanted);
  const lost = wanted.find((leaf) => !found.some((one) => samePath(one.path, leaf.path) && same(news.mode, one, leaf)));
  if (lost !== undefined) {
    throw new FileProblem(
      `"${lost.path.join(".")}" would not be read back as it is written, so nothing was changed; set it by hand and report this`,
    );
  }
  return { bytes: encodeText(after.text, encoding), touch: after.touch };
}

function same(mode: Mode, found: Leaf, wanted: Leaf): boolean {
  return mode === "ini" ? saysIni(found.value, wanted.value) : canonical(found.value) === canonical(wanted.value);
}

/** What is found of our keys, or what is wanted, as outputs. */
export function outputsOf(
  of: Pick<ManagedFileInputs, "path" | "mode"> & { comment?: string; block?: string },
  found: readonly Leaf[],
  permissions: string,
  target: string | undefined,
  keys: readonly Path[] = found.map((leaf) => leaf.path),
): ManagedFileOutputs {
  const { mode } = of;
  const text = mode === "block" ? found[0]?.value : undefined;
  const hash =
    mode === "block" ? sha256(String(text ?? "")) : digest(found.map((leaf) => [[...leaf.path], leaf.value]));
  return {
    path: of.path,
    mode,
    sha256: found.length === 0 ? "" : hash,
    permissions,
    keys: keys.map((key) => [...key]),
    ...(mode === "block"
      ? { comment: of.comment ?? defaultComment, block: of.block ?? defaultBlock }
      : { values: nest(found) }),
    ...(target === undefined ? {} : { target }),
  };
}

/** Foreign edits do not show: only our keys are looked at. A file that cannot be understood has none of them. */
export async function readParts(host: Host, olds: ManagedFileOutputs, place: Place): Promise<ManagedFileOutputs> {
  const known = leavesOf(olds.values ?? {});
  const wanted = (olds.keys ?? []).map(
    (key): Leaf => known.find((leaf) => samePath(leaf.path, key)) ?? { path: key, value: "" },
  );
  const found = await foundParts(host, olds.mode, olds.path, place, wanted);
  return outputsOf(olds, found, octal(place.stat?.mode ?? 0), place.target, olds.keys);
}

export async function foundParts(
  host: Host,
  mode: Mode,
  file: string,
  place: Place,
  wanted: readonly Leaf[],
): Promise<Leaf[]> {
  if (place.stat?.kind !== "file") return [];
  const bytes = await host.files.read(place.file);
  try {
    return formatOf(mode, file).read(decodeText(bytes ?? Buffer.alloc(0)).text, wanted);
  } catch (error) {
    if (error instanceof FileProblem) return [];
    throw error;
  }
}

export async function importParts(
  host: Host,
  of: { mode: Mode; path: string; block?: string },
  place: Place,
): Promise<{ inputs: ManagedFileInputs; outputs: ManagedFileOutputs }> {
  const bytes = (await host.files.read(place.file)) ?? Buffer.alloc(0);
  const all = explained("read", of.path, () => formatOf(of.mode, of.path).all(decodeText(bytes).text));
  const permissions = octal(place.stat?.mode ?? 0);
  const declared = { path: of.path, mode: of.mode, permissions };
  if (of.mode !== "block") {
    const values = withoutEmpty(all);
    return {
      inputs: { ...declared, values },
      outputs: outputsOf(declared, leavesOf(values), permissions, place.target),
    };
  }
  const block = of.block ?? defaultBlock;
  const content = all[block];
  if (content === undefined)
    throw new Error(`${of.path} has no block "${block}"; it has ${Object.keys(all).join(", ") || "none"}`);
  const leaf = { path: [block], value: blockText(String(content)) };
  const inputs = { ...declared, content: leaf.value, block, comment: defaultComment };
  return { inputs, outputs: outputsOf(inputs, [leaf], permissions, place.target) };
}

/** Objects without keys have nothing that could be ours. */
function withoutEmpty(values: Values): Values {
  return nest(leavesOf(values));
}

/** Property paths of what differs in `values`; the same of keys that are no longer wanted. */
export function differingValues(olds: ManagedFileOutputs, news: ManagedFileInputs): string[] {
  const found = leavesOf(olds.values ?? {});
  const wanted = wantedOf(news);
  const changed = wanted.filter((leaf) => {
    const one = found.find(({ path: at }) => samePath(at, leaf.path));
    return one === undefined || !same(news.mode, one, leaf);
  });
  const dropped = (olds.keys ?? []).filter((key) => !wanted.some((leaf) => samePath(leaf.path, key)));
  return [...changed.map((leaf) => leaf.path), ...dropped].map((key) => propertyPath(["values", ...key]));
}

export interface TakenOut {
  bytes: Buffer;
  left: Path[];
  touch: Touch;
  blank: boolean;
}

/** Without our keys; `undefined` when the file cannot be understood any more. */
export function takenOut(original: Original, mode: Mode, bytes: Buffer, keys: readonly Path[]): TakenOut | undefined {
  const touch = original.part?.touch ?? untouched;
  try {
    const { text, encoding } = decodeText(bytes);
    if (text.trim() === "") return { bytes, left: [], touch: withoutKeys(touch, keys), blank: true };
    const undone = formatOf(mode, original.path).undo(text, touch, keys);
    const emptied = undone.text === "" && !encoding.mark;
    return {
      bytes: emptied ? Buffer.alloc(0) : encodeText(undone.text, encoding),
      left: undone.left,
      touch: undone.touch,
      blank: undone.text.trim() === "",
    };
  } catch (error) {
    if (error instanceof FileProblem) return undefined;
    throw error;
  }
}

export function withoutKeys(touch: Touch, keys: readonly Path[]): Touch {
  return { ...touch, keys: touch.keys.filter((key) => !keys.some((one) => samePath(one, key.path))) };
}

/** Other resources have keys in this file as well: what is to be undone for them stays on record. */
export async function keepRest(host: Host, original: Original, touch: Touch): Promise<void> {
  if (original.part !== undefined) await saveRecord(host, { ...original, part: { ...original.part, touch } });
}

function explained<T>(verb: string, file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof FileProblem) throw new Error(`cannot ${verb} ${file}: ${error.message}`, { cause: error });
    throw error;
  }
}
