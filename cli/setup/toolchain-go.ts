/** The Go that builds the toolchain, and the environment it builds in. */
import { existsSync, readFileSync, realpathSync, statfsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { CliError } from "../errors.ts";
import { check } from "../process.ts";

export interface Go {
  path: string;
  /** Such as `go1.26.8`. */
  version: string;
}

/** The oldest Go that can fetch a newer one for itself. */
const selfUpdating = "1.21";
/** Sources of the modules, and what the compiler keeps while it works, peak at this together (MiB). */
const neededMiB = 6500;

/** Reads the version from Go's own folder: `go version` would be one more process on every run. */
export function findGo(env: NodeJS.ProcessEnv): Go | undefined {
  for (const folder of (env.PATH ?? "").split(delimiter)) {
    const path = join(folder, "go");
    if (folder === "" || !existsSync(path)) continue;
    try {
      const root = env.GOROOT || dirname(dirname(realpathSync(path)));
      const version = readFileSync(join(root, "VERSION"), "utf8").split("\n")[0]?.trim() ?? "";
      if (version.startsWith("go")) return { path, version };
    } catch {
      // A wrapper, not the real program: its version is asked for when it is needed.
      return { path, version: "unknown" };
    }
  }
  return undefined;
}

/** -1, 0 or 1, by the numbers of `1.25.11` or `go1.26rc1`. */
export function compareVersions(a: string, b: string): number {
  const numbers = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

export async function goEnvironment(
  go: Go,
  wanted: string,
  build: string,
  env: NodeJS.ProcessEnv,
): Promise<NodeJS.ProcessEnv> {
  const machine = JSON.parse(
    await check(go.path, ["env", "-json", "GOPROXY", "GOMODCACHE", "GOTOOLCHAIN", "GOVERSION", "GOENV", "GOFLAGS"], {
      env,
      cwd: build,
    }),
  ) as Record<string, string>;
  const version = (machine.GOVERSION ?? go.version).replace(/^go/, "");
  const result: NodeJS.ProcessEnv = {
    ...env,
    GOWORK: "off",
    CGO_ENABLED: "0",
    GO111MODULE: "on",
    GOOS: "",
    GOARCH: "",
  };
  if (compareVersions(version, wanted) < 0) {
    if (compareVersions(version, selfUpdating) < 0) {
      throw new CliError(
        `Go ${version} (${go.path}) is too old to build the toolchain: Go ${wanted} or newer is needed (Go ${selfUpdating} or newer fetches that by itself).`,
      );
    }
    // Also where the machine says GOTOOLCHAIN=local: this build must not fail for the want of a newer compiler.
    result.GOTOOLCHAIN = `go${wanted}+auto`;
  }
  const explicit = explicitly(machine.GOENV, env);
  if (!explicit("GOCACHE")) result.GOCACHE = join(build, "gocache");
  if (!explicit("GOMODCACHE")) {
    result.GOMODCACHE = join(build, "gomodcache");
    // Written so that we can give it back; Go's default is read-only folders.
    result.GOFLAGS = `${machine.GOFLAGS ?? ""} -modcacherw`.trim();
    const downloaded = join(machine.GOMODCACHE ?? "", "cache", "download");
    if (machine.GOMODCACHE && existsSync(downloaded)) {
      result.GOPROXY = `file://${downloaded},${machine.GOPROXY || "direct"}`;
    }
  }
  return result;
}

/** Caches that a person or an administrator chose are used and left; others are ours to give back. */
function explicitly(goenv: string | undefined, env: NodeJS.ProcessEnv): (name: string) => boolean {
  const file = goenv && goenv !== "off" && existsSync(goenv) ? readFileSync(goenv, "utf8") : "";
  return (name) => Boolean(env[name]) || new RegExp(`^${name}=\\S`, "m").test(file);
}

export function requireSpace(dir: string): void {
  const { bavail, bsize } = statfsSync(dir);
  const free = Math.floor((bavail * bsize) / 2 ** 20);
  if (free < neededMiB) {
    throw new CliError(
      `Building the toolchain needs about ${neededMiB} MiB of free disk in ${dir} for its duration, and ${free} MiB are free. Free some, or set XDG_CACHE_HOME to a larger disk.`,
    );
  }
}

/** What to do about a failed build; Go's own words come after it. */
export function explainGoFailure(stderr: string): string {
  const said = stderr
    .trim()
    .split("\n")
    .filter((line) => !/^(go: (downloading|finding)|[\w.~-]+(\/[\w.~-]+)*$)/.test(line));
  const detail = said.slice(-12).join("\n");
  const advice = /no space left on device|disk quota exceeded/i.test(stderr)
    ? `The disk became full while the toolchain was built. Free about ${neededMiB} MiB and run this again; what was half done is removed.`
    : /dial tcp|i\/o timeout|no such host|connection refused|Forbidden|proxyconnect|TLS handshake|x509|module lookup disabled/i.test(
          stderr,
        )
      ? "The Go modules of the toolchain cannot be fetched. Check the network, and GOPROXY and HTTPS_PROXY (`go env GOPROXY`), then run this again."
      : /signal: killed|cannot allocate memory/i.test(stderr)
        ? "The machine ran out of memory while the toolchain was built: about 3 GiB are needed."
        : "The toolchain cannot be built.";
  return detail === "" ? advice : `${advice}\n${detail}`;
}

export const homeOf = (env: NodeJS.ProcessEnv): string => env.HOME || homedir();
