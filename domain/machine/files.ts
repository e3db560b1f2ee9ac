/** Files that the settings name themselves, as arguments of `ManagedFile`. */
import { createHash } from "node:crypto";
import type { FileSettings } from "../../config/files.ts";

export interface FilePlan {
  /** Logical name: stays the same when files before it in the list go away. */
  name: string;
  file: FileSettings;
}

export interface FilesPlan {
  files: FilePlan[];
  problems: string[];
}

/** `absolute` makes a path as written into one of this machine. */
export function planFiles(written: readonly FileSettings[], absolute: (path: string) => string): FilesPlan {
  const problems: string[] = [];
  const first = new Map<string, number>();
  const files = written.map((file, index): FilePlan => {
    const path = absolute(file.path);
    const other = first.get(path);
    if (other === undefined) first.set(path, index);
    else problems.push(`files[${index}].path: ${path} is that of files[${other}] already; write its keys there.`);
    return { name: resourceName(path), file: { ...file, path } };
  });
  return { files, problems };
}

/** Readable, and its own for each path. */
function resourceName(path: string): string {
  const hash = createHash("sha256").update(path).digest("hex").slice(0, 8);
  const base = path.slice(path.lastIndexOf("/") + 1).replace(/[^A-Za-z0-9.-]+/g, "-");
  return `file-${base}-${hash}`;
}
