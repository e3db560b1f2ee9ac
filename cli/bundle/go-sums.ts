/** Lines of go.sum files, and the two layouts in which modules are kept. */
import { CliError } from "../errors.ts";

export interface GoSum {
  module: string;
  version: string;
  /** The hash is that of go.mod alone. */
  goMod: boolean;
  hash: string;
}

export function parseGoSums(text: string, file: string): GoSum[] {
  return text.split("\n").flatMap((line, index) => {
    const fields = line.trim().split(/\s+/);
    if (line.trim() === "") return [];
    const [module = "", full = "", hash = ""] = fields;
    if (fields.length !== 3 || !full.startsWith("v")) {
      throw new CliError(
        `${file}:${index + 1}: ${JSON.stringify(line.slice(0, 120))} is no line of go.sum. \`go mod tidy\` writes it anew.`,
      );
    }
    const version = full.replace(/\/go\.mod$/, "");
    return [{ module, version, goMod: version !== full, hash }];
  });
}

/** One version of a module, with the hashes that are known of it. Without `zip` only its go.mod is needed. */
export interface Wanted {
  module: string;
  version: string;
  zip?: string;
  goMod?: string;
}

/** Each version once, sorted. */
export function wantedOf(sums: readonly GoSum[]): Wanted[] {
  const found = new Map<string, Wanted>();
  for (const { module, version, goMod, hash } of sums) {
    const name = `${module}@${version}`;
    const wanted = found.get(name) ?? { module, version };
    found.set(name, { ...wanted, ...(goMod ? { goMod: hash } : { zip: hash }) });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, wanted]) => wanted);
}

/** `!a` is `A`: file systems that fold case must not mix modules up. */
export const unescapePath = (escaped: string): string =>
  escaped.replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase());
