/** Builds the privileged helper from toolchain/privileged, once for each version of its sources and of Go. */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CliError, codeOf } from "../errors.ts";
import { run } from "../process.ts";
import { sourceDir } from "./toolchain-build.ts";
import { compareVersions, findGo, type Go } from "./toolchain-go.ts";

const name = "workstation-privileged";
/** As its go.mod says. */
const oldestGo = "1.22";
const otherwise = "or run this as root, which needs no helper.";

export interface HelperBuild {
  cacheDir: string;
  env: NodeJS.ProcessEnv;
  source?: string;
}

/** Path of the program. It takes a few seconds the first time and a file's look-up later. */
export async function ensurePrivilegedHelper(build: HelperBuild): Promise<string> {
  const source = build.source ?? join(sourceDir, "privileged");
  const store = join(build.cacheDir, "privileged");
  const go = findGo(build.env);
  // One that another compiler built from the same sources is as good, and the only one where there is no Go.
  const made = builtHelper(store, source, go);
  if (made !== undefined) return made;
  if (go === undefined) {
    throw new CliError(
      `Files of root's are written by a small helper that Go builds from toolchain/privileged, and there is no Go here. Install Go ${oldestGo} or newer, ${otherwise}`,
    );
  }
  if (go.version !== "unknown" && compareVersions(go.version, oldestGo) < 0) {
    throw new CliError(
      `Go ${go.version.slice(2)} (${go.path}) is too old to build the privileged helper. Install Go ${oldestGo} or newer, ${otherwise}`,
    );
  }
  const folder = join(store, `${keyOf(source)}-${go.version}`);
  await compile(go, { ...build, source }, store, folder);
  return join(folder, name);
}

/** Built with this Go, else with any; undefined when nothing was built from these sources. */
function builtHelper(store: string, source = join(sourceDir, "privileged"), go?: Go): string | undefined {
  if (!existsSync(store)) return undefined;
  const key = keyOf(source);
  const folders = readdirSync(store)
    .filter((folder) => folder.startsWith(`${key}-`))
    .sort();
  const folder =
    folders.find((found) => found === `${key}-${go?.version}`) ?? (go === undefined ? folders.at(-1) : undefined);
  const program = folder === undefined ? undefined : join(store, folder, name);
  return program !== undefined && existsSync(program) ? program : undefined;
}

function keyOf(source: string): string {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  const files = readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(go|mod|sum|json)$/.test(file) && !file.endsWith("_test.go"))
    .sort();
  for (const file of files) {
    const content = readFileSync(join(source, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return hash.digest("hex").slice(0, 16);
}

/** In a folder beside the final one, which then takes its name: nobody starts half a program. */
async function compile(go: Go, build: HelperBuild & { source: string }, store: string, folder: string): Promise<void> {
  const temporary = join(store, `.build-${process.pid}-${randomBytes(4).toString("hex")}`);
  // Root is going to run what is in here: nobody else may write it, whatever the umask.
  mkdirSync(store, { recursive: true, mode: 0o755 });
  mkdirSync(temporary, { mode: 0o755 });
  try {
    const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"];
    const result = await run(go.path, ["build", ...flags, "-o", join(temporary, name), "."], {
      cwd: build.source,
      env: { ...build.env, GOWORK: "off", CGO_ENABLED: "0", GO111MODULE: "on", GOFLAGS: "", GOOS: "", GOARCH: "" },
    });
    if (result.code !== 0) {
      throw new CliError(`The privileged helper cannot be built:\n${result.stderr.trim()}`);
    }
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    // Another run has built the same meanwhile.
    if (!["ENOTEMPTY", "EEXIST"].includes(codeOf(error))) throw error;
  }
}
