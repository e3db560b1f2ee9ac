/** Which of the machine's files only root writes, and which of them a run has to ask root for. */
import list from "../../toolchain/privileged/policy/allowed.json" with { type: "json" };
import type { MachinePlan } from "./plan.ts";

// As the helper reads its own list: a star is a part of one name.
const star = "[A-Za-z0-9_-][A-Za-z0-9._@-]{0,99}";
const entries = [...list.files, ...list.certificates].map((text) => ({
  text,
  match: new RegExp(`^${text.replaceAll(/[.*+?^$()[\]{}|\\]/g, "\\$&").replaceAll("\\*", star)}$`),
}));
const kept = /\.go-workstation-kept(-\d{1,4})?$/;

/** The privileged helper writes this path, in a run that asked for it. */
export const isPrivilegedPath = (path: string): boolean =>
  !path.includes("*") && entries.some(({ match }) => match.test(path.replace(kept, "")));

/** Roots for the machine's own store: which store that is, and so the files' names, only the machine can tell. */
const isAnchors = (value: object): boolean =>
  "certificates" in value && "owner" in value && "root" in value && value.root === "";

/**
 * Every text in `value` that names such a path, sorted, each once. For root certificates: the entries of all certificates,
 * one for each kind of store.
 */
export function privilegedPaths(value: unknown): string[] {
  const found = new Set<string>();
  const visit = (one: unknown): void => {
    if (typeof one === "string") {
      if (isPrivilegedPath(one)) found.add(one.replace(kept, ""));
    } else if (typeof one === "object" && one !== null) {
      if (isAnchors(one)) for (const entry of list.certificates) found.add(entry);
      for (const part of Object.values(one)) visit(part);
    }
  };
  visit(value);
  return [...found].sort();
}

/** What of the plan ends up on the machine: what is only told, or waits for a restart, changes no file. */
export function writtenPart(plan: MachinePlan): object {
  const { pending: _pending, problems: _problems, warnings: _warnings, staging: _staging, ...written } = plan;
  return written;
}

export interface RootQuestion {
  /** What is wanted; undefined for `destroy`. */
  plan: MachinePlan | undefined;
  /** Our resources of the last state: what is there already, and maybe not wanted any more. */
  state: readonly object[];
  /** Nothing of it changes in this run. */
  same: boolean;
  /** This user may replace the file at that path, or make it; or it is of a trust store that is not on this machine. */
  writable: (path: string) => boolean;
}

/** Paths that this run can only write through root; empty when nobody has to be asked. */
export function pathsForRoot({ plan, state, same, writable }: RootQuestion): string[] {
  if (same) return [];
  return privilegedPaths([plan && writtenPart(plan), state]).filter((path) => !writable(path));
}
