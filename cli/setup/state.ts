/** Step 4: where the engine keeps its state, and with what it encrypts secrets there. */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Context } from "../context.ts";
import { CliError } from "../errors.ts";
import type { SetupStep } from "./step.ts";

export interface Backend {
  url: string;
  /** Folder of a `file://` backend; undefined for any other. */
  folder?: string;
  /** True when it is the one that set-up made. */
  own: boolean;
  passphraseFile?: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The engine's home: plugins and log-ins. The user's own when logged in there, else one of ours. */
export function engineHome(env: Env, home = homedir()): string {
  if (env.PULUMI_HOME) return env.PULUMI_HOME;
  const usual = join(home, ".pulumi");
  if (loggedInBackend(usual) !== undefined) return usual;
  const data = env.XDG_DATA_HOME?.startsWith("/") ? env.XDG_DATA_HOME : join(home, ".local", "share");
  return join(data, "go-workstation", "pulumi");
}

function loggedInBackend(engineHomeFolder: string): string | undefined {
  try {
    const text = readFileSync(join(engineHomeFolder, "credentials.json"), "utf8");
    const { current } = JSON.parse(text) as { current?: string };
    return current || undefined;
  } catch {
    return undefined;
  }
}

/** Which backend is in use, without making it. */
export function findBackend(env: Env, stateDir: string, home = homedir()): Backend {
  const url = env.PULUMI_BACKEND_URL || loggedInBackend(engineHome(env, home));
  const own = join(stateDir, "backend");
  const passphraseFile = join(stateDir, "passphrase");
  if (url === undefined) return { url: `file://${own}`, folder: own, own: true, passphraseFile };
  if (!url.startsWith("file://")) return { url, own: false };
  const folder = url.startsWith("file://~")
    ? join(home, url.slice("file://~".length))
    : fileURLToPath(url.split("?")[0] ?? url);
  const secret = env.PULUMI_CONFIG_PASSPHRASE !== undefined || env.PULUMI_CONFIG_PASSPHRASE_FILE !== undefined;
  return { url, folder, own: folder === own, ...(secret ? {} : { passphraseFile }) };
}

export function stateStep(context: Context): SetupStep<Backend> {
  return {
    name: "State",
    check: async () => {
      const backend = findBackend(context.env, context.stateDir);
      const ready =
        (backend.passphraseFile === undefined || existsSync(backend.passphraseFile)) &&
        (!backend.own || existsSync(join(context.stateDir, "backend"))) &&
        existsSync(context.stateDir);
      if (ready) refuseLoose(context.stateDir);
      return ready ? backend : undefined;
    },
    run: async () => {
      const backend = findBackend(context.env, context.stateDir);
      mkdirSync(context.stateDir, { recursive: true, mode: 0o700 });
      chmodSync(context.stateDir, 0o700);
      refuseModeless(context.stateDir);
      if (backend.own) mkdirSync(join(context.stateDir, "backend"), { recursive: true, mode: 0o700 });
      if (backend.passphraseFile !== undefined) makePassphrase(backend.passphraseFile);
      return backend;
    },
    describe: (backend) => `${backend.url} ready`,
  };
}

/** Windows drives and some network mounts take a chmod and forget it: whoever is on the machine could read secrets. */
export function refuseModeless(folder: string): void {
  const probe = join(folder, `.modes.${process.pid}`);
  closeSync(openSync(probe, "w", 0o644));
  try {
    chmodSync(probe, 0o600);
    if ((statSync(probe).mode & 0o777) === 0o600 && (statSync(folder).mode & 0o777) === 0o700) return;
  } finally {
    rmSync(probe, { force: true });
  }
  throw new CliError(
    `${folder} is on a file system that keeps no Unix permissions, so secrets there would be open to others. Name a folder on a Linux file system with WORKSTATION_STATE_DIR or XDG_STATE_HOME.`,
  );
}

function refuseLoose(folder: string): void {
  const mode = statSync(folder).mode & 0o777;
  if ((mode & 0o077) !== 0) {
    throw new CliError(
      `${folder} has mode 0${mode.toString(8)}: others could read the stack's secrets. Run \`chmod 700 ${folder}\`.`,
    );
  }
}

/** Complete or not there: two set-ups at once agree on whichever came first. */
function makePassphrase(file: string): void {
  if (existsSync(file)) return;
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  try {
    linkSync(temporary, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}
