/** OpenTofu with the upstream Docker provider: built once, exact versions, outside the repository. */
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { cacheFolder } from "../../provider/folders.ts";

/** The sums are what go.sum would hold: a module that is not this one is refused. */
const MODULES = {
  tofu: {
    module: "github.com/opentofu/opentofu",
    version: "v1.10.6",
    sum: "h1:J57O7HrW7gakftSLFQr+/p7fniZjZ3FQLFyzv4XsSmQ=",
    main: "./cmd/tofu",
    flags: "-X github.com/opentofu/opentofu/version.dev=no",
  },
  "terraform-provider-docker": {
    module: "github.com/kreuzwerker/terraform-provider-docker",
    version: "v0.0.0-20260916201441-96d331c98ff4",
    sum: "h1:T3HvvZCRd4h2qkMl+SXA2zza26Rdz8xqV81skikQWy4=",
    main: ".",
    flags: "",
  },
} as const;

export const versions = Object.values(MODULES).map(({ module, version }) => `${module}@${version}`);

function build(binary: keyof typeof MODULES, target: string): void {
  const { module, version, sum, main, flags } = MODULES[binary];
  const work = mkdtempSync(path.join(tmpdir(), "go-workstation-bench-"));
  try {
    const answer = execFileSync("go", ["mod", "download", "-json", `${module}@${version}`], {
      cwd: work,
      encoding: "utf8",
    });
    const found = JSON.parse(answer) as { Dir: string; Sum: string };
    if (found.Sum !== sum) throw new Error(`${module}@${version} has the sum ${found.Sum}, expected ${sum}`);
    // Built as the main module, so that its own go.mod, replacements and go.sum hold; the module cache is read-only.
    const source = path.join(work, "source");
    cpSync(found.Dir, source, { recursive: true });
    chmodSync(source, 0o755);
    const args = ["build", "-mod=readonly", "-trimpath", "-ldflags", `-s -w ${flags}`, "-o", `${target}.new`, main];
    execFileSync("nice", ["-n", "15", "go", ...args], {
      cwd: source,
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "" },
      stdio: ["ignore", "inherit", "inherit"],
    });
    renameSync(`${target}.new`, target);
  } finally {
    execFileSync("chmod", ["-R", "u+w", work]);
    rmSync(work, { recursive: true, force: true });
  }
}

export interface Tofu {
  binary: string;
  env: Record<string, string | undefined>;
}

export function benchFolder(): string {
  const folder = path.join(cacheFolder(process.env, homedir()), "bench");
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Builds what is missing, which takes some minutes, and writes the configuration that points tofu to the provider. */
export function tofu(): Tofu {
  const folder = path.join(benchFolder(), `tofu-${MODULES.tofu.version}`);
  mkdirSync(folder, { recursive: true });
  for (const binary of Object.keys(MODULES) as (keyof typeof MODULES)[]) {
    const target = path.join(folder, binary);
    if (existsSync(target)) continue;
    process.stderr.write(`building ${binary} ${MODULES[binary].version}\n`);
    build(binary, target);
  }
  const config = path.join(folder, "tofu.rc");
  // The overridden provider is started without a checksum of its 30 MB on each run: this is tofu at its fastest.
  writeFileSync(
    config,
    `provider_installation {\n  dev_overrides {\n    "kreuzwerker/docker" = ${JSON.stringify(folder)}\n  }\n  direct {}\n}\n`,
  );
  return {
    binary: path.join(folder, "tofu"),
    env: { ...process.env, TF_CLI_CONFIG_FILE: config, TF_IN_AUTOMATION: "1", CHECKPOINT_DISABLE: "1" },
  };
}
