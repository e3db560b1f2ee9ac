/** Where the go command works when we call it: what people set for their own builds stays out of it. */
import { chmod, mkdir, rm } from "node:fs/promises";
import path from "node:path";
import type { Host } from "../host.ts";
import { workFolder } from "../work-folder.ts";

export interface GoWorkspace {
  env: Record<string, string | undefined>;
  remove: () => Promise<void>;
}

/**
 * Caches of one run, given back after it: they would hold hundreds of megabytes that nothing needs again. Caches that
 * the environment names are somebody's choice to keep: those are used, and stay.
 */
export async function goWorkspace(host: Host, folder: string): Promise<GoWorkspace> {
  const own = path.join(folder, "gopath");
  await mkdir(own, { recursive: true });
  const env = {
    ...host.env,
    GOPATH: own,
    GOMODCACHE: host.env.GOMODCACHE || path.join(own, "mod"),
    GOCACHE: host.env.GOCACHE || path.join(own, "build"),
    // Nothing that the person set for their own builds; and folders that can be removed again.
    GOFLAGS: "-modcacherw",
    GOTOOLCHAIN: "local",
    GOWORK: "off",
    GOROOT: undefined,
    GO111MODULE: undefined,
    GOEXPERIMENT: undefined,
  };
  return {
    env,
    remove: async () => {
      await chmod(own, 0o755).catch(() => {});
      await rm(own, { recursive: true, force: true });
    },
  };
}

interface Shared {
  users: number;
  workspace: Promise<{ folder: string; workspace: GoWorkspace }>;
}

const shared = new Map<string, Shared>();

/**
 * One workspace for all that build at the same time in this process, so that the standard library is compiled once for
 * them all. The last one out gives its space back.
 */
export async function inSharedWorkspace<T>(
  host: Host,
  parent: string,
  work: (env: GoWorkspace["env"]) => Promise<T>,
): Promise<T> {
  const key = JSON.stringify([parent, host.env.GOMODCACHE, host.env.GOCACHE]);
  const found = shared.get(key) ?? { users: 0, workspace: openShared(host, parent) };
  found.users += 1;
  shared.set(key, found);
  try {
    return await work((await found.workspace).workspace.env);
  } finally {
    found.users -= 1;
    if (found.users === 0) {
      shared.delete(key);
      const { folder, workspace } = await found.workspace;
      await workspace.remove();
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function openShared(host: Host, parent: string): Promise<{ folder: string; workspace: GoWorkspace }> {
  const folder = await workFolder(host, parent);
  return { folder, workspace: await goWorkspace(host, folder) };
}
