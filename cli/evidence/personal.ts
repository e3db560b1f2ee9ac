/** What of this person and this machine must not be in a file that is passed on. */
import { homedir, hostname } from "node:os";
import type { LoadedSettings } from "../../config/load.ts";
import type { Personal } from "../../domain/evidence/scrub.ts";
import { absolutePath } from "../../domain/plan.ts";
import type { Context } from "../context.ts";
import { loginName, stackNameFor } from "../setup/stack.ts";

export function personalOf(
  { root, env, cacheDir, stateDir }: Pick<Context, "root" | "env" | "cacheDir" | "stateDir">,
  { projects }: Pick<LoadedSettings, "projects">,
): Personal {
  const home = homedir();
  const host = hostname();
  const login = loginName(env);
  return {
    root,
    home,
    users: login === "" ? [] : [login, stackNameFor(login)],
    hosts: [host, host.split(".")[0] ?? host],
    places: [
      ...projects.map(({ path, name = "" }) => ({ path: absolutePath(path, { root, home }), as: `PROJECT-${name}` })),
      { path: cacheDir, as: "CACHE" },
      { path: stateDir, as: "STATE" },
    ].filter(({ path }) => !below(path, root) && !below(path, home) && path !== "/"),
  };
}

const below = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
