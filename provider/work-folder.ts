/** Folders for work in progress: renamed when complete, removed otherwise, and cleared away after a kill. */
import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import type { Host } from "./host.ts";
import { isAlive } from "./host-files.ts";

/** `parent` is a path of this machine; names begin with `prefix` and carry our process number. */
export async function workFolder(host: Host, parent: string, prefix = ".tmp-"): Promise<string> {
  await mkdir(parent, { recursive: true });
  await clearLeftovers(host, parent, prefix);
  const folder = path.join(parent, `${prefix}${process.pid}-${Math.random().toString(36).slice(2, 10)}`);
  await mkdir(folder, { mode: 0o700 });
  return folder;
}

/** What a killed run left behind. */
async function clearLeftovers(host: Host, parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number(/^(\d+)-/.exec(name.slice(prefix.length))?.[1]);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    // Never across a mount: a killed bootstrap may have left the machine's own folders mounted in there.
    await host.run("rm", ["-rf", "--one-file-system", path.join(parent, name)], { anyExit: true });
  }
}
