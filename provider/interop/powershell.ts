/** Asks Windows' PowerShell. One process answers everything, and one question is asked once a host. */
import type { WindowsFacts } from "../../domain/facts.ts";
import { type MountQuestion, readAnswer, readClock } from "../../domain/windows/answer.ts";
import type { Host } from "../host.ts";
import { CLOCK_QUESTION, encodeCommand, QUESTION } from "./question.ts";
import { runWindows, windowsProgram } from "./run.ts";

const PROGRAM = "powershell.exe";
/** Cold starts with a virus scanner and 200 certificates take seconds, not more. */
const PATIENCE_MS = 25_000;

export const hasPowerShell = async (host: Host): Promise<boolean> =>
  (await windowsProgram(host, PROGRAM)) !== undefined;

const asked = new WeakMap<Host, Promise<WindowsFacts>>();

/** Throws, in one sentence, when Windows cannot be asked. */
export function askWindows(host: Host, mounts: Omit<MountQuestion, "now">): Promise<WindowsFacts> {
  const known = asked.get(host);
  if (known !== undefined) return known;
  const answer = ask(host, QUESTION).then((output) => readAnswer(output, { ...mounts, now: host.now() }));
  asked.set(host, answer);
  return answer;
}

/** Windows' clock and ours at nearly the same moment, in milliseconds since 1970. */
export async function askClock(host: Host): Promise<{ windows: number; here: number }> {
  const output = await ask(host, CLOCK_QUESTION);
  return { windows: readClock(output), here: host.now().getTime() };
}

/** No profile, no prompt, and no change of the execution policy: commands, unlike script files, need none. */
async function ask(host: Host, script: string): Promise<string> {
  const args = ["-NoLogo", "-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-EncodedCommand"];
  const { code, stdout, stderr } = await runWindows(host, PROGRAM, [...args, encodeCommand(script)], PATIENCE_MS);
  if (code === 0) return stdout;
  throw new Error(
    `${PROGRAM} failed (exit ${code}): ${complaint(stderr) || complaint(stdout) || "it printed nothing"}`,
  );
}

/** The first lines of what it said; PowerShell wraps errors of encoded commands in XML. */
function complaint(text: string): string {
  const plain = text
    .replaceAll("\0", "")
    .replace(/^#< CLIXML\s*/, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/_x000D_|_x000A_/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return plain.length > 300 ? `${plain.slice(0, 297)}...` : plain;
}
