/** The way back: the first content as it was, or without our keys what others have made of the file since. */
import path from "node:path";
import type { Path } from "../../../domain/files/format.ts";
import type { Report } from "../../handler.ts";
import type { Host } from "../../host.ts";
import type { FileStat } from "../../host-files.ts";
import { forgetOriginal, loadOriginal, type Original, originalContent, sha256 } from "../../originals.ts";
import { type Mode, octal } from "./arguments.ts";
import { keepRest, keysOf, takenOut, withoutKeys } from "./parts.ts";
import { kindProblem } from "./place.ts";

/** `keys`: those to take out of a file that is ours in part; all that are on record when absent. */
export async function giveBack(
  host: Host,
  name: string,
  of: { mode: Mode; keys?: readonly Path[] },
  report: Report | undefined,
): Promise<void> {
  const original = await loadOriginal(host, name);
  if (original === undefined) {
    // Never written by us, or given back by a run that was stopped before it had cleared all of its copy away.
    await forgetOriginal(host, name);
    return;
  }
  const file = original.target ?? name;
  const stat = await host.files.stat(file);
  if (stat !== undefined && stat.kind !== "file") throw new Error(`the path ${await kindProblem(host, file)}`);
  if (original.part === undefined) await giveBackWhole(host, original, file, stat, report);
  else {
    const keys = of.keys === undefined ? original.part.touch.keys.map((key) => key.path) : keysOf(original, of.keys);
    if (await giveBackParts(host, original, of.mode, keys, file, stat, report)) return;
  }
  for (const folder of original.folders.toReversed()) {
    if (!(await host.files.removeEmptyFolder(folder))) break;
  }
  await forgetOriginal(host, name);
}

async function giveBackWhole(
  host: Host,
  original: Original,
  file: string,
  stat: FileStat | undefined,
  report: Report | undefined,
): Promise<void> {
  const hash = stat === undefined ? undefined : sha256((await host.files.read(file)) ?? "");
  const givenBack = original.was === null ? stat === undefined : hash === original.was.sha256;
  const edited = hash !== undefined && !original.ours.includes(hash) && !givenBack;
  // The copy is checked before anything is moved.
  const content = original.was === null ? undefined : await originalContent(host, original);
  if (edited) await keepEdit(host, file, report);
  await restore(host, original, file, content);
}

async function restore(host: Host, original: Original, file: string, content: Buffer | undefined): Promise<void> {
  if (original.was === null) await host.files.remove(file);
  else if (content !== undefined) {
    const { mode, uid, gid } = original.was;
    await host.files.makeFolder(path.dirname(file));
    await host.files.write(file, content, { mode, owner: { uid, gid } });
  }
}

/** Answers whether other resources still have keys in the file: then its record stays. */
async function giveBackParts(
  host: Host,
  original: Original,
  mode: Mode,
  keys: readonly Path[],
  file: string,
  stat: FileStat | undefined,
  report: Report | undefined,
): Promise<boolean> {
  const bytes = stat === undefined ? undefined : ((await host.files.read(file)) ?? Buffer.alloc(0));
  const out = bytes === undefined ? undefined : takenOut(original, mode, bytes, keys);
  const rest = out?.touch ?? withoutKeys(original.part?.touch ?? { keys: [], made: [] }, keys);
  const shared = rest.keys.length > 0;
  const tell = (message: string) => report?.(message, { finished: true });
  if (out !== undefined && out.left.length > 0) {
    const names = out.left.map((key) => key.join(".")).join(", ");
    tell(`${file}: ${names} was changed by hand since we wrote it, and stays as it is`);
  }
  if (stat === undefined || bytes === undefined || out === undefined || out.blank) {
    if (shared) {
      if (out === undefined && stat !== undefined) tell(`${file} is not understood any more, so our keys in it stay`);
      else if (out !== undefined && bytes !== undefined && stat !== undefined)
        await rewrite(host, original, file, stat, bytes, out.bytes);
    } else await giveBackFirst(host, original, file, out === undefined ? bytes : undefined, tell);
  } else {
    await rewrite(host, original, file, stat, bytes, out.bytes);
    if (!shared && original.was !== null && sha256(out.bytes) !== original.was.sha256)
      tell(`${file} was changed by others since we first wrote it: only our keys were taken out`);
  }
  if (shared) await keepRest(host, original, rest);
  return shared;
}

/** Of a file that is gone, that holds nothing any more, or (`broken`) that makes no sense: the first content. */
async function giveBackFirst(
  host: Host,
  original: Original,
  file: string,
  broken: Buffer | undefined,
  tell: (message: string) => void,
): Promise<void> {
  const content = original.was === null ? undefined : await originalContent(host, original);
  if (broken !== undefined) await keepEdit(host, file, (message) => tell(message));
  else if (content !== undefined && content.length > 0 && (await host.files.stat(file)) === undefined)
    tell(`${file} was removed by others: its first content is back`);
  await restore(host, original, file, content);
}

async function rewrite(
  host: Host,
  original: Original,
  file: string,
  stat: FileStat,
  before: Buffer,
  after: Buffer,
): Promise<void> {
  const ours = original.permissions !== undefined && octal(stat.mode) === original.permissions;
  const mode = ours && original.was !== null ? original.was.mode : stat.mode;
  if (after.equals(before) && mode === stat.mode) return;
  await host.files.write(file, after, { mode, owner: { uid: stat.uid, gid: stat.gid } });
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
