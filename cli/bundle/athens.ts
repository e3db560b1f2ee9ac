/** From a `file://` module proxy to the layout of Athens' disk storage, which the stack's own module proxy reads. */
import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { codeOf } from "../errors.ts";
import { unescapePath } from "./go-sums.ts";

export interface AthensResult {
  written: number;
  /** Versions of which only go.mod is there: Athens keeps whole ones only. */
  passedOver: string[];
}

/**
 * Writes `<target>/<module>/<version>/{go.mod,source.zip,<version>.info}`, names unescaped, the last one last: with it a
 * version counts as whole. What is there already stays. Files are links where the file system allows it.
 */
export function athensLayout(fileTree: string, target: string): AthensResult {
  const result: AthensResult = { written: 0, passedOver: [] };
  for (const folder of versionFolders(fileTree)) {
    const module = unescapePath(relative(fileTree, dirname(folder)));
    const names = readdirSync(folder).sort();
    for (const name of names.filter((file) => file.endsWith(".mod"))) {
      const escaped = name.slice(0, -".mod".length);
      const version = unescapePath(escaped);
      if (!names.includes(`${escaped}.zip`) || !names.includes(`${escaped}.info`)) {
        result.passedOver.push(`${module}@${version}`);
        continue;
      }
      const to = join(target, module, version);
      mkdirSync(to, { recursive: true });
      place(join(folder, name), join(to, "go.mod"));
      place(join(folder, `${escaped}.zip`), join(to, "source.zip"));
      place(join(folder, `${escaped}.info`), join(to, `${version}.info`));
      result.written += 1;
    }
  }
  return result;
}

function versionFolders(root: string, at = ""): string[] {
  return readdirSync(join(root, at), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !(at === "" && entry.name === "sumdb"))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name }) => (name === "@v" ? [join(root, at, name)] : versionFolders(root, join(at, name))));
}

function place(from: string, to: string): void {
  if (existsSync(to)) return;
  try {
    linkSync(from, to);
  } catch (error) {
    if (!["EXDEV", "EPERM", "EMLINK", "ENOTSUP", "EACCES"].includes(codeOf(error))) throw error;
    copyFileSync(from, to);
  }
}
