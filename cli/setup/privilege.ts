/** Root's rights, only where a step needs them, and never kept. */
import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Context } from "../context.ts";
import { CliError } from "../errors.ts";
import { attach, run } from "../process.ts";

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

export const noSudo = (purpose: string): string =>
  `${purpose} needs root's rights, and there is no sudo here. Have an administrator do it.`;

export const nobodyTypes = (purpose: string): string =>
  `${purpose} needs root's rights, and nobody can type sudo's password here. Run it as root.`;

/** How a command has to be started so that root runs it. Asks for the password once, in the foreground. */
export async function rootPrefix(context: Context, purpose: string): Promise<string[]> {
  if (isRoot()) return [];
  let quiet: number;
  try {
    quiet = (await run("sudo", ["-n", "true"])).code;
  } catch {
    throw new CliError(noSudo(purpose));
  }
  if (quiet === 0) return ["sudo", "-n"];
  if (process.stdin.isTTY !== true) {
    throw new CliError(nobodyTypes(purpose));
  }
  context.terminal.line(`${purpose} needs root's rights; sudo may ask for your password.`);
  if ((await attach("sudo", ["-v"], context.env)) !== 0) throw new CliError(`${purpose}: sudo refused.`);
  return ["sudo", "-n"];
}

/** This user may put a file in place there: that takes the right to write the folder, whoever owns the file. */
export function mayReplace(path: string): boolean {
  let folder = dirname(path);
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    // Not allowed, or read-only: either way not by this user.
    return false;
  }
}
