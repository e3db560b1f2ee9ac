/** Looks a module up in the archive. */
import { type Archive, splitKey } from "./archive.ts";
import type { SumKind } from "./parse.ts";

export interface Match {
  module: string;
  version: string;
  kind: SumKind;
  hash: string;
  /** ISO 8601, and where. */
  firstSeen: string;
  firstProject: string;
  projects: string[];
  /** True when the same version was seen before with another hash. */
  changed: boolean;
}

/**
 * `MODULE`, or `MODULE@VERSION`. With `*` or `?` a glob, in which `*` crosses slashes; without, the module of that name and,
 * when there is none, all that begin with it. The version goes by the same rule.
 */
export function findModules(archive: Archive, query: string): Match[] {
  const at = query.lastIndexOf("@");
  const [module, version] = at > 0 ? [query.slice(0, at), query.slice(at + 1)] : [query, ""];
  const keys = [...archive.entries.keys()].map((key) => ({ key, ...splitKey(key) }));
  const modules = matching(keys, module, (key) => key.module);
  return matching(modules, version, (key) => key.version)
    .sort(
      (a, b) =>
        compare(a.module, b.module) ||
        compareVersions(a.version, b.version) ||
        (a.kind === b.kind ? 0 : a.kind === "zip" ? -1 : 1),
    )
    .flatMap(({ key, module: name, version: number, kind }) =>
      (archive.entries.get(key) ?? []).map((seen, index) => ({
        ...{ module: name, version: number, kind, hash: seen.hash },
        ...{ firstSeen: seen.time, firstProject: seen.project, changed: changedAt(archive, key, index) },
        projects: seen.projects.map((position) => archive.projects[position] ?? "").sort(),
      })),
    );
}

const algorithm = (hash: string | undefined): string => hash?.split(":")[0] ?? "";

function changedAt(archive: Archive, key: string, index: number): boolean {
  const seen = archive.entries.get(key) ?? [];
  return seen.slice(0, index).some(({ hash }) => algorithm(hash) === algorithm(seen[index]?.hash));
}

function matching<T>(all: T[], wanted: string, text: (one: T) => string): T[] {
  if (/[*?]/.test(wanted)) return all.filter((one) => globMatches(wanted, text(one)));
  const exact = all.filter((one) => text(one) === wanted);
  return exact.length > 0 ? exact : all.filter((one) => text(one).startsWith(wanted));
}

/** `*` is any text, `?` one character. Never more than length times length steps, whatever the pattern. */
export function globMatches(pattern: string, text: string): boolean {
  let [p, t, star, mark] = [0, 0, -1, 0];
  while (t < text.length) {
    if (pattern[p] === "*") [star, mark, p] = [p, t, p + 1];
    else if (pattern[p] === "?" || pattern[p] === text[t]) [p, t] = [p + 1, t + 1];
    else if (star === -1) return false;
    else [p, t, mark] = [star + 1, mark + 1, mark + 1];
  }
  return /^\**$/.test(pattern.slice(p));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Numbers as numbers, and a pre-release before its release. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.replace(/^v|\+.*$/g, ""));
  const [leftCore = "", leftPre] = split(left ?? "");
  const [rightCore = "", rightPre] = split(right ?? "");
  const core = leftCore.localeCompare(rightCore, "en", { numeric: true });
  if (core !== 0) return core;
  if (leftPre === undefined || rightPre === undefined) {
    return leftPre === rightPre ? compare(a, b) : leftPre === undefined ? 1 : -1;
  }
  return leftPre.localeCompare(rightPre, "en", { numeric: true });
}

function split(version: string): [string, string | undefined] {
  const dash = version.indexOf("-");
  return dash === -1 ? [version, undefined] : [version.slice(0, dash), version.slice(dash + 1)];
}
