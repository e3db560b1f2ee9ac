/** From lines of go.sum files to versions of modules. */
import type { Sum } from "../../domain/gosum/parse.ts";

/** One version of a module, with the hashes that are known of it. Without `zip` only its go.mod is needed. */
export interface Wanted {
  module: string;
  version: string;
  zip?: string;
  goMod?: string;
}

/** Each version once, sorted. */
export function wantedOf(sums: readonly Sum[]): Wanted[] {
  const found = new Map<string, Wanted>();
  for (const { module, version, kind, hash } of sums) {
    const name = `${module}@${version}`;
    const wanted = found.get(name) ?? { module, version };
    found.set(name, { ...wanted, ...(kind === "mod" ? { goMod: hash } : { zip: hash }) });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, wanted]) => wanted);
}

/** `!a` is `A`: file systems that fold case must not mix modules up. */
export const unescapePath = (escaped: string): string =>
  escaped.replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase());
