/** Shared settings and one person's answers into that person's settings. */
import type { Parameter } from "./make.ts";
import { parsePieces } from "./placeholders.ts";
import { isGroup, type Json, pathText } from "./spans.ts";

/** By parameter; undefined is a secret that is left out. */
export type Answers = ReadonlyMap<string, string | undefined>;

/** Names of parameters that the settings use, sorted; and places whose text cannot be read. */
export function usedParameters(settings: Json): { names: string[]; unreadable: string[] } {
  const names = new Set<string>();
  const unreadable: string[] = [];
  const look = (text: string, path: (string | number)[]): void => {
    const pieces = parsePieces(text);
    if (pieces === undefined) unreadable.push(pathText(path));
    for (const piece of pieces ?? []) if ("parameter" in piece) names.add(piece.parameter);
  };
  const walk = (value: Json, path: (string | number)[]): void => {
    if (typeof value === "string") look(value, path);
    else if (Array.isArray(value)) for (const [index, item] of value.entries()) walk(item, [...path, index]);
    else if (isGroup(value)) {
      for (const [key, item] of Object.entries(value)) {
        look(key, path);
        walk(item, [...path, key]);
      }
    }
  };
  walk(settings, []);
  return { names: [...names].sort(), unreadable };
}

/** A value that is left out takes its key, or its place in a list, with it; within a text it leaves nothing. */
export function fillIn(
  settings: Record<string, Json>,
  parameters: readonly Parameter[],
  answers: Answers,
): Record<string, Json> {
  const numbers = new Set(parameters.filter(({ type }) => type === "number").map(({ name }) => name));
  const text = (written: string): string => {
    const pieces = parsePieces(written) ?? [{ text: written }];
    const filled = pieces.map((piece) => ("parameter" in piece ? (answers.get(piece.parameter) ?? "") : piece.text));
    const lacks = pieces.some((piece) => "parameter" in piece && answers.get(piece.parameter) === undefined);
    // A URL whose user was left out.
    return lacks ? filled.join("").replaceAll("://@", "://") : filled.join("");
  };
  const whole = (written: string): Json | undefined => {
    const pieces = parsePieces(written) ?? [];
    const [only] = pieces;
    if (pieces.length !== 1 || only === undefined || !("parameter" in only)) return text(written);
    const answer = answers.get(only.parameter);
    return answer !== undefined && numbers.has(only.parameter) ? Number(answer) : answer;
  };
  const fill = (value: Json): Json | undefined => {
    if (typeof value === "string") return whole(value);
    if (Array.isArray(value)) return value.map(fill).filter((item) => item !== undefined);
    return isGroup(value) ? group(value) : value;
  };
  const group = (value: Record<string, Json>): Record<string, Json> =>
    Object.fromEntries(
      Object.entries(value).flatMap(([key, item]): [string, Json][] => {
        const filled = fill(item);
        return filled === undefined ? [] : [[text(key), filled]];
      }),
    );
  return group(settings);
}

/** What is wrong with an answer; undefined when nothing is. The answer itself is not in the message. */
export function answerProblem({ name, type }: Parameter, answer: string): string | undefined {
  if (/^(path|checkout|home)\b/.test(name) && !/^(~?\/|[A-Za-z]:[\\/])/.test(answer)) {
    return "must be an absolute path, or begin with ~/";
  }
  if (type === "number" && (answer.trim() === "" || !Number.isFinite(Number(answer)))) return "must be a number";
  return undefined;
}
