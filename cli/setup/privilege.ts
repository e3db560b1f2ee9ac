/** Root's rights, only where a step needs them, and never kept. */
import type { Context } from "../context.ts";
import { CliError } from "../errors.ts";
import { attach, run } from "../process.ts";

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** How a command has to be started so that root runs it. Asks for the password once, in the foreground. */
export async function rootPrefix(context: Context, purpose: string): Promise<string[]> {
  if (isRoot()) return [];
  let quiet: number;
  try {
    quiet = (await run("sudo", ["-n", "true"])).code;
  } catch {
    throw new CliError(`${purpose} needs root's rights, and there is no sudo here. Have an administrator do it.`);
  }
  if (quiet === 0) return ["sudo", "-n"];
  if (process.stdin.isTTY !== true) {
    throw new CliError(`${purpose} needs root's rights, and nobody can type sudo's password here. Run it as root.`);
  }
  context.terminal.line(`${purpose} needs root's rights; sudo may ask for your password.`);
  if ((await attach("sudo", ["-v"], context.env)) !== 0) throw new CliError(`${purpose}: sudo refused.`);
  return ["sudo", "-n"];
}
