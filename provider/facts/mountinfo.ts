/** /proc/self/mountinfo as proc(5) describes it. */
import type { MountFacts } from "../../domain/facts.ts";

/** In the order in which they were mounted; a later one covers an earlier one at the same target. */
export function parseMountinfo(text: string): MountFacts[] {
  return text.split("\n").flatMap((line) => {
    const [before, after] = cut(line, " - ");
    const [, , , , target, perMount] = before.split(" ");
    const [type, source, perSystem = ""] = after.split(" ");
    if (target === undefined || perMount === undefined || type === undefined || source === undefined) return [];
    const options = [...new Set([perMount, perSystem].flatMap((list) => list.split(",").flatMap(ofPlan9)))];
    return [
      { source: plain(source), target: plain(target), type, options: options.filter((one) => one !== "").map(plain) },
    ];
  });
}

function cut(text: string, separator: string): [before: string, after: string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** WSL hands the options of a Windows drive to the file server inside 9p's `aname`, with semicolons. */
const ofPlan9 = (option: string): string[] => (option.startsWith("aname=") ? option.split(";") : [option]);

/** Blanks, tabs, line ends and backslashes are written as octal numbers. */
const plain = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** What is mounted at a folder now. */
export const mountedAt = (mounts: readonly MountFacts[], target: string): MountFacts | undefined =>
  mounts.findLast((mount) => mount.target === target);

/** Windows drives and folders: drvfs (WSL 1), 9p with its own name, or virtiofs shares of WSL. */
export function windowsMounts(mounts: readonly MountFacts[]): MountFacts[] {
  const byTarget = new Map(mounts.map((mount) => [mount.target, mount]));
  return [...byTarget.values()].filter(isWindows).sort((a, b) => (a.target < b.target ? -1 : 1));
}

function isWindows({ type, source, options }: MountFacts): boolean {
  if (type === "drvfs") return true;
  if (type === "9p") return options.includes("aname=drvfs");
  return type === "virtiofs" && source.startsWith("drvfs");
}
