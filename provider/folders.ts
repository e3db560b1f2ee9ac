/** Where things live outside the repository. Pure functions of the environment, shared by the provider and the command line. */
import path from "node:path";

export interface Folders {
  /** Everything in it can be made again and may be deleted at any time. */
  cache: string;
  /** What must not get lost: backend, passphrase, first contents of managed files. Mode 0700. */
  state: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** An empty variable counts as unset, and a relative one is ignored: the XDG base directory specification says so. */
function absolute(value: string | undefined): string | undefined {
  return value !== undefined && path.isAbsolute(value) ? path.resolve(value) : undefined;
}

export function cacheFolder(env: Environment, home: string): string {
  return (
    absolute(env.WORKSTATION_CACHE_DIR) ??
    path.join(absolute(env.XDG_CACHE_HOME) ?? path.join(home, ".cache"), "go-workstation")
  );
}

export function stateFolder(env: Environment, home: string): string {
  return (
    absolute(env.WORKSTATION_STATE_DIR) ??
    path.join(absolute(env.XDG_STATE_HOME) ?? path.join(home, ".local", "state"), "go-workstation")
  );
}

/** Keys: what is a person's own choice, and neither made again nor of one machine alone. */
export function configFolder(env: Environment, home: string): string {
  return (
    absolute(env.WORKSTATION_CONFIG_DIR) ??
    path.join(absolute(env.XDG_CONFIG_HOME) ?? path.join(home, ".config"), "go-workstation")
  );
}

export function folders(env: Environment, home: string): Folders {
  return { cache: cacheFolder(env, home), state: stateFolder(env, home) };
}
