/** What a suite of `test` is, and how it gets what it needs. */
import type { Context } from "../context.ts";
import { findProgram, installPackages } from "../setup/packages.ts";
import { isRoot } from "../setup/privilege.ts";

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

export interface Suite {
  title: string;
  run: (news: (text: string) => void) => Promise<{ tally: Tally; output: string }>;
}

/** Installs what a suite needs; false where that is not possible, and the suite is counted as skipped. */
export async function provide(
  context: Context,
  program: string,
  packages: string[],
  news: (text: string) => void,
): Promise<boolean> {
  if (findProgram(program, context.env) !== undefined) return true;
  if (!isRoot() || findProgram("apt-get", context.env) === undefined) return false;
  await installPackages(context, program, packages, [], news);
  return true;
}

export const one = (ok: boolean, output: string) => ({
  tally: { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 },
  output,
});
export const skipped = (output: string) => ({ tally: { passed: 0, failed: 0, skipped: 1 }, output });
