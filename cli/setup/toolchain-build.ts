/** Builds the engine and the plugins from toolchain/. */
import { createHash } from "node:crypto";
import { linkSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CliError } from "../errors.ts";
import { run } from "../process.ts";
import { explainGoFailure, type Go, goEnvironment, requireSpace } from "./toolchain-go.ts";
import { beginBuild, discardLater, finishBuild, type Stored, type Versions } from "./toolchain-store.ts";

export interface Progress {
  step: string;
  detail?: string;
  fraction?: number;
}

/** toolchain/versions.json. */
export interface Pins extends Versions {
  /** The oldest Go that can build it. */
  go: string;
  /** Packages that a build from nothing compiles, and modules that it fetches: for the progress only. */
  expected: { modules: number; plugins: number; engine: number };
  release: ReleasePins;
}

export interface ReleasePins {
  engine: { base: string; archive: string; checksums: string };
  plugin: { base: string; archive: string; checksums: string };
  /** Digests known beforehand; where one is missing, the list of checksums that comes with the release is used. */
  sha256: Record<string, string>;
}

export const sourceDir = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "toolchain");

export function readPins(dir = sourceDir): Pins {
  return JSON.parse(readFileSync(join(dir, "versions.json"), "utf8")) as Pins;
}

/** Changes with everything that the binaries are made of, except the compiler. */
export function sourceKey(dir = sourceDir): string {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  for (const file of sources(dir)) {
    const content = readFileSync(join(dir, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return hash.digest("hex").slice(0, 16);
}

// The privileged helper is built by itself, where it is needed.
const notBuilt = new Set(["generate", "privileged", "testdata"]);

/** What Go compiles: tests and pages do not change the binaries. */
function sources(dir: string, below = ""): string[] {
  return readdirSync(join(dir, below), { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(below, entry.name);
      if (entry.isDirectory()) return notBuilt.has(entry.name) ? [] : sources(dir, path);
      return /\.(go|mod|sum|json|cjs)$/.test(path) && !path.endsWith("_test.go") ? [path] : [];
    })
    .sort();
}

export interface BuildOptions {
  store: string;
  key: string;
  pins: Pins;
  go: Go;
  /** False when a compatible engine is there already and only the plugins are missing. */
  engine: boolean;
  report: (progress: Progress) => void;
  env: NodeJS.ProcessEnv;
  source?: string;
}

/** The caller holds the build lock. */
export async function buildToolchain(options: BuildOptions): Promise<Stored> {
  const { pins, store } = options;
  const build = beginBuild(store);
  try {
    requireSpace(build);
    const out = join(build, "out");
    for (const dir of ["bin", "plugins"]) mkdirSync(join(out, dir), { recursive: true });
    const env = await goEnvironment(options.go, pins.go, build, options.env);
    const progress = counter(options);
    await goBuild(options, env, progress, "plugins", pluginFlags(pins), join(out, "bin", "pulumi-language-nodejs"));
    for (const name of Object.keys(pins.plugins)) {
      linkSync(join(out, "bin", "pulumi-language-nodejs"), join(out, "plugins", `pulumi-resource-${name}`));
    }
    if (options.engine) {
      await goBuild(options, env, progress, "engine", engineFlags(pins), join(out, "bin", "pulumi"));
    }
    return finishBuild(out, store, {
      source: "built",
      key: options.key,
      engine: options.engine ? join("bin", "pulumi") : "",
      versions: { pulumi: pins.pulumi, plugins: pins.plugins },
      go: options.go.version,
    });
  } finally {
    discardLater(store, build);
  }
}

const enginePackage = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
// grpcnotrace lets the linker drop what is never called; no_compose leaves out docker_compose, which Pulumi does not offer.
const common = ["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-v", "-tags", "grpcnotrace,no_compose"];

function pluginFlags(pins: Pins): string[] {
  const values = { engineVersion: pins.pulumi, ...prefixed(pins.plugins) };
  const set = Object.entries(values).map(([name, value]) => `-X main.${name}=${value}`);
  return ["-ldflags", ["-s -w", ...set].join(" "), "."];
}

function prefixed(plugins: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(plugins).map(([name, version]) => [`${name}Version`, version]));
}

function engineFlags(pins: Pins): string[] {
  return [
    "-ldflags",
    `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${pins.pulumi}`,
    enginePackage,
  ];
}

async function goBuild(
  options: BuildOptions,
  env: NodeJS.ProcessEnv,
  progress: (line: string) => void,
  module: string,
  flags: string[],
  output: string,
): Promise<void> {
  const cwd = join(options.source ?? sourceDir, module);
  const result = await run(options.go.path, [...common, "-o", output, ...flags], { cwd, env, onLine: progress });
  if (result.code !== 0) throw new CliError(explainGoFailure(result.stderr));
}

/** Go names each module that it fetches and each package that it compiles: counting them is the progress. */
function counter(options: BuildOptions): (line: string) => void {
  const { expected } = options.pins;
  const total = expected.plugins + (options.engine ? expected.engine : 0);
  let [modules, packages, shown] = [0, 0, 0];
  return (line) => {
    if (line.startsWith("go: downloading")) modules += 1;
    else if (!line.startsWith("go: ")) packages += 1;
    if (Date.now() - shown < 1000) return;
    shown = Date.now();
    const step = "building the engine and the plugins from source";
    options.report(
      packages === 0
        ? {
            step,
            detail: `fetching modules: ${modules} of about ${expected.modules}`,
            fraction: (0.2 * modules) / expected.modules,
          }
        : {
            step,
            detail: `${packages} of about ${total} packages`,
            fraction: Math.min(0.99, 0.2 + (0.8 * packages) / total),
          },
    );
  };
}
