/** Where Go and its tools may be put: never where the system's packages are, through a link neither. */
import { realpath } from "node:fs/promises";
import path from "node:path";
import { systemFolder } from "../../config/user-folder.ts";
import type { Host } from "../host.ts";

export async function folderProblem(host: Host, folder: unknown): Promise<string | undefined> {
  const shown = JSON.stringify(folder) ?? "missing";
  if (typeof folder !== "string" || !path.isAbsolute(folder) || path.resolve(folder) !== folder)
    return `is ${shown}; must be an absolute path, written plainly`;
  const led = systemFolder(folder) === undefined ? await resolved(host, folder) : folder;
  const system = systemFolder(led);
  if (system === undefined) return undefined;
  return `is ${shown}, which belongs to the system${led === folder ? "" : ` (it leads to ${led})`}; take a folder of your own`;
}

/** Where a path leads once the links in its part that exists are followed, as a path below the host's root. */
async function resolved(host: Host, folder: string): Promise<string> {
  const root = host.files.real("/");
  for (let at = folder; ; at = path.dirname(at)) {
    try {
      const real = await realpath(host.files.real(at));
      const inside = root === "/" ? real : `/${path.relative(await realpath(root), real)}`;
      return path.join(inside, path.relative(at, folder));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || path.dirname(at) === at) throw error;
    }
  }
}
