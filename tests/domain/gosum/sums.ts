/** go.sum lines for tests: hashes of the right form that follow from a text. */
import { createHash } from "node:crypto";

export const h1 = (seed: string): string => `h1:${createHash("sha256").update(seed).digest("base64")}`;

export const line = (module: string, version: string, seed = `${module}@${version}`): string =>
  `${module} ${version} ${h1(seed)}\n`;

/** Numbers from a seed, the same in each run. */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

export function shuffled<T>(all: readonly T[], pick: (below: number) => number): T[] {
  const left = [...all];
  return all.map(() => left.splice(pick(left.length), 1)[0] as T);
}
