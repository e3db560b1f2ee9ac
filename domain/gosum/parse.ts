/** go.sum as Go reads it: three fields a line, blank lines skipped, any line ending. */

/** `zip` is the hash of the module's content, `mod` that of its go.mod alone. */
export type SumKind = "zip" | "mod";

export interface Sum {
  module: string;
  version: string;
  kind: SumKind;
  /** `h1:` and 44 characters of base64. */
  hash: string;
  /** Line of the file, from 1. */
  line: number;
}

export interface SumProblem {
  line: number;
  message: string;
}

export interface GoSum {
  sums: Sum[];
  problems: SumProblem[];
}

const MOD = "/go.mod";
const VERSION = /^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
const MODULE = /^[A-Za-z0-9._~-]+(\/[A-Za-z0-9._~!-]+)*$/;
const H1 = /^h1:[A-Za-z0-9+/]{43}=$/;
/** Kinds of hash that a later Go may bring: kept, because this archive outlives one release. */
const LATER = /^h([2-9]|\d{2,}):[A-Za-z0-9+/]+=*$/;
const CONFLICT = /^(<{7}|={7}|>{7}|\|{7})( |$)/;

/** Lines that are not right are told and left out; all others count. */
export function parseGoSum(text: string): GoSum {
  const found: GoSum = { sums: [], problems: [] };
  const lines = text.replace(/^\ufeff/, "").split("\n");
  for (const [index, raw] of lines.entries()) {
    const line = index + 1;
    const content = raw.trim();
    if (content === "") continue;
    const parsed = parseLine(content);
    if (typeof parsed === "string") found.problems.push({ line, message: parsed });
    else found.sums.push({ ...parsed, line });
  }
  return found;
}

/** What is wrong, when it is not a sum. */
function parseLine(content: string): Omit<Sum, "line"> | string {
  if (CONFLICT.test(content)) return "is a mark of a merge that was not finished; finish it, then `go mod tidy`";
  const fields = content.split(/\s+/);
  const [module = "", versionField = "", hash = ""] = fields;
  if (fields.length !== 3) {
    return `has ${fields.length} field${fields.length === 1 ? "" : "s"}, not the three of MODULE VERSION HASH: ${shown(content)}`;
  }
  if (!MODULE.test(module)) return `${shown(module)} is not a module path`;
  const kind: SumKind = versionField.endsWith(MOD) ? "mod" : "zip";
  const version = kind === "mod" ? versionField.slice(0, -MOD.length) : versionField;
  if (!VERSION.test(version)) return `${shown(version)} is not a version such as v1.2.3`;
  if (!H1.test(hash) && !LATER.test(hash)) return `${shown(hash)} is not a hash such as h1:<44 characters of base64>`;
  return { module, version, kind, hash };
}

/** Short, and without what a terminal would obey. */
function shown(text: string): string {
  const plain = JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
  return plain.replace(/[\u007f-\u009f\u2028\u2029]/g, "?");
}

/** The lines of all of them, each once, in an order that does not depend on the order of the files. */
export function mergeGoSums(all: readonly GoSum[]): string {
  const lines = new Set(
    all.flatMap(({ sums }) =>
      sums.map((sum) => `${sum.module} ${sum.version}${sum.kind === "mod" ? MOD : ""} ${sum.hash}`),
    ),
  );
  return [...lines]
    .sort()
    .map((line) => `${line}\n`)
    .join("");
}
