/** What says whose settings they are, or where they lie: names of a person and a machine, and absolute paths. */
import { systemFolder } from "../../config/user-folder.ts";
import { COMMON as COMMON_NAMES } from "../evidence/scrub.ts";
import { escapePattern, groupSpans, occurrences, type Span } from "./spans.ts";

export interface Personal {
  /** The checkout. */
  root: string;
  home: string;
  user: string;
  hostname: string;
  /** As git knows the person; empty when it does not. */
  name: string;
  email: string;
}

export type PersonalKind = "checkout" | "home" | "user" | "hostname" | "name" | "email" | "path";
export type PersonalSpan = Span & { kind: PersonalKind };

/** Folders in which people's own things lie; elsewhere a text with slashes may be anything. */
const AREAS = "home|Users|mnt|media|data|srv|work|workspaces?|scratch|projects?|nfs|net|vol\\w*";
const STEPS = "/[\\w.@+-]+(?:/[\\w.@+-]+)*";
const IN_TEXT = new RegExp(`(?<![\\w.~$}/-])(/(?:${AREAS})${STEPS})`, "dg");
const IN_WORD = new RegExp(`(?<![\\w.~$}/-])(/[\\w.@+-]+${STEPS})`, "dg");
const WINDOWS = /(?<![A-Za-z0-9])([A-Za-z]:[\\/]+Users[\\/]+[^\\/\s"':;,]+(?:[\\/]+[^\\/\s"':;,]+)*)/dg;
/** Roots of whole areas are the same on every machine. */
const COMMON = /^\/(home|media|mnt|root|srv|tmp|Users)?\/?$/;
const COMMON_WINDOWS = /^[A-Za-z]:[\\/]+(windows|program files)/i;

const isForeign = (path: string): boolean => !COMMON.test(path) && systemFolder(path) === undefined;

/** The whole text is one path that lies elsewhere on every machine. `place`: its key says that it is a place of the person's. */
export function isOwnPath(text: string, personal: Personal, place: boolean): boolean {
  if (/^[A-Za-z]:[\\/][^\n]*$/.test(text)) return !COMMON_WINDOWS.test(text);
  if (!/^\/[^/\n:]/.test(text) || /[\n:]/.test(text)) return false;
  if (isBelow(text, personal.home) || isBelow(text, personal.root)) return false;
  return place || isForeign(text);
}

export const isBelow = (path: string, folder: string): boolean =>
  folder.length > 1 && (path === folder || path.startsWith(`${folder}/`));

function folderSpans(text: string, folder: string, kind: PersonalKind): PersonalSpan[] {
  if (folder.length < 2) return [];
  return occurrences(text, folder)
    .filter(({ start, end }) => !/[\w.-]/.test(text[end] ?? "") && !/[\w.-]/.test(text[start - 1] ?? ""))
    .map((span) => ({ ...span, kind }));
}

/** As a word of its own, in any spelling: `jane` in `jane-laptop` and `Jane`, not in `janet`. */
function wordSpans(text: string, word: string, kind: PersonalKind): PersonalSpan[] {
  if (word.length < 2 || COMMON_NAMES.has(word.toLowerCase())) return [];
  const pattern = new RegExp(`(?<![A-Za-z0-9])(${escapePattern(word)})(?![A-Za-z0-9])`, "dgi");
  return groupSpans(text, pattern).map((span) => ({ ...span, kind }));
}

function pathSpans(text: string): PersonalSpan[] {
  const pattern = /\s/.test(text) ? IN_TEXT : IN_WORD;
  const unix = groupSpans(text, pattern).filter(({ start, end }) => isForeign(text.slice(start, end)));
  return [...unix, ...groupSpans(text, WINDOWS)].map((span) => ({ ...span, kind: "path" }));
}

/** In order, apart from each other: what says most about the person comes first where two overlap. */
export function personalSpans(text: string, personal: Personal): PersonalSpan[] {
  const { root, home, user, hostname, name, email } = personal;
  const short = hostname.split(".")[0] ?? "";
  const folders: [string, PersonalKind][] = [
    [root, "checkout"],
    [home, "home"],
  ];
  const wanted = [
    // The longer one is the more exact one.
    ...folders.sort(([a], [b]) => b.length - a.length).flatMap(([folder, kind]) => folderSpans(text, folder, kind)),
    ...pathSpans(text),
    ...wordSpans(text, email, "email"),
    ...wordSpans(text, name, "name"),
    ...wordSpans(text, hostname, "hostname"),
    ...(short === hostname ? [] : wordSpans(text, short, "hostname")),
    ...wordSpans(text, user, "user"),
  ];
  const taken: PersonalSpan[] = [];
  for (const span of wanted) {
    if (taken.every(({ start, end }) => span.end <= start || span.start >= end)) taken.push(span);
  }
  return taken.sort((a, b) => a.start - b.start);
}

/** True when something of the person's is in a text that is to be a name. */
export const isPersonal = (text: string, personal: Personal): boolean => personalSpans(text, personal).length > 0;
