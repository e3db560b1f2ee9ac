/**
 * What PowerShell answers to the one question we ask it (provider/interop/question.ts), checked field by field. What is
 * missing or wrong is empty; a certificate that cannot be read is left out and named.
 */
import type { WindowsFacts, WindowsProxy } from "../facts.ts";
import { readRoots } from "./certificates.ts";
import { isObject, type Json, stringIn, strings } from "./json.ts";
import { mountedPath } from "./paths.ts";
import { readWindowsProxy } from "./proxy.ts";

/** Lines that stand around the JSON, because profiles, policies and modules may print before and after. */
export const BEGIN = "-----BEGIN WORKSTATION ANSWER-----";
export const END = "-----END WORKSTATION ANSWER-----";

/** The JSON between the markers; throws with what was there instead. */
export function answerText(output: string): string {
  const begin = output.lastIndexOf(BEGIN);
  const end = begin < 0 ? -1 : output.indexOf(END, begin);
  if (begin < 0 || end < 0) {
    const printed = output.replaceAll("\0", "").replace(/\s+/g, " ").trim();
    const what = begin < 0 ? "without an answer" : "in the middle of its answer";
    throw new Error(`powershell.exe ended ${what}; it printed ${printed === "" ? "nothing" : shorten(printed)}`);
  }
  return output.slice(begin + BEGIN.length, end);
}

/** An answer as an object; throws when it is none. */
export function parseAnswer(output: string): Json {
  const text = answerText(output);
  let parsed: unknown;
  try {
    // A console of fixed width breaks lines, and inside a JSON text of one line no line break means anything.
    parsed = JSON.parse(text.replace(/[\r\n\0\ufeff]/g, ""));
  } catch {
    throw new Error(`powershell.exe answered with something that is not JSON: ${shorten(text.trim())}`);
  }
  if (!isObject(parsed)) throw new Error(`powershell.exe answered with something else than an object`);
  const refusal = stringIn(parsed.error);
  if (refusal !== "") throw new Error(`powershell.exe cannot answer: ${refusal}`);
  return parsed;
}

export interface MountQuestion {
  /** Where Windows drives are mounted, such as `/mnt/`. */
  automountRoot: string;
  now: Date;
}

export function readAnswer(output: string, { automountRoot, now }: MountQuestion): WindowsFacts {
  const answer = parseAnswer(output);
  const { roots, unreadable } = readRoots(answer.roots, strings(answer.disallowed), now);
  return {
    reachable: true,
    error: "",
    ...(typeof answer.build === "number" ? { build: answer.build } : {}),
    policy: readPolicy(answer.policy),
    profile: mountedPath(stringIn(answer.profile), automountRoot) ?? "",
    roots,
    timezone: stringIn(answer.timezone).trim(),
    proxy: readProxy(answer.proxy),
    ...(unreadable.length === 0 ? {} : { unreadable }),
  };
}

/** Milliseconds since 1970 by Windows' clock; throws when it does not say. */
export function readClock(output: string): number {
  const millis = Date.parse(stringIn(parseAnswer(output).utc));
  if (!Number.isFinite(millis)) throw new Error("powershell.exe did not tell the time");
  return millis;
}

const readProxy = (value: unknown): WindowsProxy => readWindowsProxy(isObject(value) ? value : {});

/** About WSL, by value name, such as `AllowWSL: "0"`. */
function readPolicy(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, found]) => typeof found === "string" || typeof found === "number")
      .map(([name, found]) => [name, String(found)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const shorten = (text: string): string => JSON.stringify(text.length > 200 ? `${text.slice(0, 197)}...` : text);
