/** Module proxies that are folders of this machine (`GOPROXY=file:///folder`): containers see them under a path of their own. */
import type { Mount } from "./containers.ts";

/** Below it one folder each, in the order of GOPROXY. */
export const FILE_PROXIES = "/usr/local/share/go-proxy";

export interface FileProxies {
  env: Record<string, string>;
  mounts: Mount[];
}

/** Folders are mounted read-only. What is no `file://` address of an absolute path stays as it is. */
export function planFileProxies(env: Record<string, string>): FileProxies {
  const mounts: Mount[] = [];
  const GOPROXY = env.GOPROXY?.replace(/file:\/\/(\/[^,|]*)/g, (_, encoded: string) => {
    const target = `${FILE_PROXIES}/${mounts.length}`;
    mounts.push({ type: "bind", source: decodeURI(encoded), target, readOnly: true });
    return `file://${target}`;
  });
  return mounts.length === 0 || GOPROXY === undefined ? { env, mounts } : { env: { ...env, GOPROXY }, mounts };
}
