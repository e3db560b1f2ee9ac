/** What a managed file is told, and what is wrong with it. Nothing here touches the machine. */
import { blockText, defaultBlock, defaultComment, isMark } from "../../../domain/files/block.ts";
import { type Leaf, leavesOf, propertyPath, type Value, type Values } from "../../../domain/files/format.ts";
import { dialectOf, iniProblem } from "../../../domain/files/ini-lines.ts";
import type { CheckFailure } from "../../handler.ts";

export const modes = ["whole", "ini", "json", "jsonc", "block"] as const;
export type Mode = (typeof modes)[number];

export interface ManagedFileInputs {
  path: string;
  mode: Mode;
  content?: string;
  values?: Values;
  comment?: string;
  block?: string;
  symlink?: "refuse" | "follow";
  permissions?: string;
  owner?: string;
}

export interface ManagedFileOutputs {
  path: string;
  mode: Mode;
  /** Of what is ours on disk (`whole`: all of it); empty when nothing of it is there. */
  sha256: string;
  /** As found on disk, octal. */
  permissions: string;
  /** `uid:gid` as found on disk; `whole` only. */
  owner?: string;
  /** `ini`, `json`, `jsonc`: what our keys hold. */
  values?: Values;
  /** Our keys as last written, on disk or not. Of a block: its name. */
  keys?: string[][];
  comment?: string;
  block?: string;
  /** The file behind a symbolic link that is followed. */
  target?: string;
}

export function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

/** The part of the file that is ours, whatever the mode; a block is one key with its text. */
export function wantedOf(news: Partial<ManagedFileInputs>): Leaf[] {
  if (news.mode === "block") return [{ path: [news.block ?? defaultBlock], value: blockText(news.content ?? "") }];
  return leavesOf(news.values ?? {});
}

/** All but the path, which needs the machine. */
export function checkArguments(
  news: Partial<ManagedFileInputs>,
  unknown: ReadonlySet<string>,
): { inputs: ManagedFileInputs; failures: CheckFailure[] } {
  const inputs = { mode: "whole", ...news } as ManagedFileInputs;
  const failures: CheckFailure[] = [];
  const fail = (property: string, reason: string) => failures.push({ property, reason });
  const asked = (name: keyof ManagedFileInputs) => news[name] !== undefined && !unknown.has(name);
  const { mode } = inputs;
  if (!unknown.has("mode") && !modes.includes(mode)) {
    fail("mode", `is ${JSON.stringify(mode)}; allowed: ${modes.join(", ")}`);
    // What else is wrong depends on the mode.
    if (asked("permissions")) checkPermissions(inputs, fail);
    return { inputs, failures };
  }
  if (!unknown.has("mode")) checkContent(inputs, unknown, fail);
  if (asked("permissions")) checkPermissions(inputs, fail);
  if (asked("owner")) checkOwner(inputs, fail);
  if (asked("symlink") && news.symlink !== "refuse" && news.symlink !== "follow")
    fail("symlink", `is ${JSON.stringify(news.symlink)}; allowed: refuse, follow`);
  return { inputs, failures };
}

type Fail = (property: string, reason: string) => void;

function checkPermissions(inputs: ManagedFileInputs, fail: Fail): void {
  const { permissions } = inputs;
  if (typeof permissions === "string" && /^0?[0-7]{3}$/.test(permissions))
    inputs.permissions = octal(Number.parseInt(permissions, 8));
  else fail("permissions", `is ${JSON.stringify(permissions)}; must be octal permissions as text, such as "0644"`);
}

function checkOwner({ owner, mode }: ManagedFileInputs, fail: Fail): void {
  if (typeof owner !== "string" || ownerOf(owner) === undefined)
    fail("owner", `is ${JSON.stringify(owner)}; must be numbers UID:GID as text, such as "1000:1000"`);
  else if (mode !== "whole") fail("owner", `belongs to mode whole; a file of mode ${mode} keeps the owner that it has`);
}

export function ownerOf(text: string): { uid: number; gid: number } | undefined {
  const [, uid, gid] = /^(\d{1,10}):(\d{1,10})$/.exec(text) ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

function checkContent(inputs: ManagedFileInputs, unknown: ReadonlySet<string>, fail: Fail): void {
  const { mode, content, values } = inputs;
  const text = mode === "whole" || mode === "block";
  if (text && !unknown.has("content") && typeof content !== "string")
    fail("content", `must be text, but is ${content === undefined ? "missing" : `a ${typeof content}`}`);
  if (text && values !== undefined)
    fail("values", `mode ${mode} has no keys; give content, or mode ini, json or jsonc`);
  if (!text && (content !== undefined || unknown.has("content")))
    fail("content", `mode ${mode} has no text of its own; give values, or mode whole or block`);
  for (const name of ["comment", "block"] as const)
    if (mode !== "block" && inputs[name] !== undefined) fail(name, `belongs to mode block; this file has mode ${mode}`);
  if (mode === "block") checkBlock(inputs, unknown, fail);
  if (!text && !unknown.has("values")) checkValues(inputs, fail);
}

function checkBlock(inputs: ManagedFileInputs, unknown: ReadonlySet<string>, fail: Fail): void {
  if (!unknown.has("comment")) inputs.comment ??= defaultComment;
  if (!unknown.has("block")) inputs.block ??= defaultBlock;
  const { comment, block, content } = inputs;
  if (comment !== undefined && !/^[^\s\w]{1,4}$/.test(comment))
    fail(
      "comment",
      `is ${JSON.stringify(comment)}; must be what begins a comment line, one to four signs such as "#" or "//"`,
    );
  if (block !== undefined && !/^\w[\w.-]{0,62}$/.test(block))
    fail("block", `is ${JSON.stringify(block)}; must be a name of letters, digits, ".", "_" and "-", at most 63 long`);
  const bad = typeof content === "string" && !unknown.has("content") ? content.split("\n").findIndex(isMark) : -1;
  if (bad !== -1)
    fail("content", `line ${bad + 1} looks like the mark of a block; take it out, the marks are written by us`);
}

function checkValues(inputs: ManagedFileInputs, fail: Fail): void {
  const { values, mode } = inputs;
  if (!isObject(values)) {
    const what = values === undefined ? "missing" : Array.isArray(values) ? "a list" : `a ${typeof values}`;
    fail("values", `must be an object of keys, but is ${what}`);
    return;
  }
  if (mode === "ini") checkIni(inputs, values, fail);
  else checkJson(values, ["values"], fail);
  if (leavesOf(values).length === 0)
    fail("values", "holds no key; leave the file out, or name the keys that are to be ours");
}

function checkJson(values: Values, above: string[], fail: Fail): void {
  for (const [key, value] of Object.entries(values)) {
    if (!isObject(value)) continue;
    if (Object.keys(value).length === 0)
      fail(propertyPath([...above, key]), "is an object without keys, which has nothing of ours; leave it out");
    checkJson(value, [...above, key], fail);
  }
}

function checkIni(inputs: ManagedFileInputs, values: Values, fail: Fail): void {
  const dialect = dialectOf(typeof inputs.path === "string" ? inputs.path : "");
  const seen = new Map<string, string>();
  for (const [section, keys] of Object.entries(values)) {
    if (!isObject(keys)) {
      fail(propertyPath(["values", section]), "must be a section: an object of keys and values");
      continue;
    }
    for (const [key, value] of Object.entries(keys)) {
      const at = propertyPath(["values", section, key]);
      if (!["string", "number", "boolean"].includes(typeof value)) {
        fail(at, "must be text, a number, true or false");
        continue;
      }
      const problem = iniProblem(section, key, String(value), dialect);
      if (problem !== undefined) fail(at, problem);
      const folded = JSON.stringify([section.toLowerCase(), key.toLowerCase()]);
      const other = seen.get(folded);
      if (other !== undefined) fail(at, `is the same key as ${other}: case does not count in INI files`);
      seen.set(folded, at);
    }
  }
}

function isObject(value: Value | undefined): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
