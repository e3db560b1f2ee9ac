/** Go SDKs as checksum-verified modules from the module proxy, and tools built by them. */
import { chmod, mkdir, rm } from "node:fs/promises";
import path from "node:path";
import type { GoToolPin } from "../../domain/recipe.ts";
import { onPath } from "../facts/programs.ts";
import type { Host } from "../host.ts";
import { folderEntries, type TarEntry, type TarResult, writeTar } from "./tar.ts";

export const sdkRoot = "usr/local/sdk";
const downloadLimitMs = 15 * 60_000;
const buildLimitMs = 30 * 60_000;

/** Not needed to build, test, debug or read Go programs. The tests of the standard library keep their sources. */
const leftOutFolders = new Set(["api", "doc", "misc", "test"]);

export async function makeSdk(
  host: Host,
  sdk: { version: string; default: boolean; arch: string },
  folder: string,
): Promise<TarResult> {
  const go = await onPath("go", host.env.PATH);
  if (go === undefined) {
    throw new Error(
      "go is not on PATH, and the Go SDKs of a bootstrap image come through it; install any Go from 1.21 on, or set go-workstation:image.source to registry",
    );
  }
  const workspace = await goWorkspace(host, folder);
  const module = `golang.org/toolchain@v0.0.1-go${sdk.version}.linux-${sdk.arch}`;
  const env = { ...workspace.env, GO111MODULE: "on" };
  const run = await host.run(go, ["mod", "download", "-json", module], {
    cwd: folder,
    env,
    timeoutMs: downloadLimitMs,
    anyExit: true,
  });
  const answer = parseDownload(run.stdout);
  if (answer.Dir === undefined || run.code !== 0) {
    throw new Error(
      `${module} could not be fetched: ${answer.Error ?? run.stderr.trim()}; check GOPROXY (\`go env GOPROXY\`) and that this version exists`,
    );
  }
  const prefix = `${sdkRoot}/go${sdk.version}`;
  const entries = [
    directory(sdkRoot),
    directory(prefix),
    ...(await folderEntries(answer.Dir, prefix, placeSdkFile)),
    ...(sdk.default
      ? [{ name: "usr/local/go", type: "symlink" as const, mode: 0o777, target: `sdk/go${sdk.version}` }]
      : []),
  ];
  const made = await writeTar(path.join(folder, "layer.tar"), entries, host.signal);
  await workspace.remove();
  return made;
}

/** Module archives carry neither modes nor a nested go.mod; the go command puts both right when it switches toolchains. */
function placeSdkFile(name: string, type: TarEntry["type"]): { name: string; mode: number } | undefined {
  const parts = name.split("/");
  if (leftOutFolders.has(parts[0] ?? "")) return undefined;
  if (parts[0] === "src" && parts.includes("testdata")) return undefined;
  if (type === "directory") return { name, mode: 0o755 };
  const runs = parts[0] === "bin" || (parts[0] === "pkg" && parts[1] === "tool") || name.endsWith(".bash");
  const renamed = parts.at(-1) === "_go.mod" ? path.join(path.dirname(name), "go.mod") : name;
  return { name: renamed, mode: runs ? 0o755 : 0o644 };
}

function parseDownload(text: string): { Dir?: string; Error?: string } {
  try {
    return JSON.parse(text) as { Dir?: string; Error?: string };
  } catch {
    return {};
  }
}

export async function makeTools(
  host: Host,
  tools: { go: string; arch: string; pins: readonly GoToolPin[]; sdkLayer: string },
  folder: string,
  onProgress: (text: string) => void,
): Promise<TarResult> {
  const sdk = path.join(folder, "sdk");
  await mkdir(sdk);
  const from = `${sdkRoot}/go${tools.go}`;
  await host.run("tar", ["-xf", tools.sdkLayer, "-C", sdk, "--strip-components=4", "--no-same-owner", from]);
  const workspace = await goWorkspace(host, folder);
  const bin = path.join(folder, "bin");
  await mkdir(bin);
  const env = {
    ...workspace.env,
    GOROOT: undefined,
    GOBIN: bin,
    GOOS: "linux",
    GOARCH: tools.arch,
    CGO_ENABLED: "0",
  };
  const prefix = `${sdkRoot}/go${tools.go}-tools`;
  const entries: TarEntry[] = [directory(sdkRoot), directory(prefix), directory(`${prefix}/bin`)];
  for (const pin of tools.pins) {
    onProgress(`building ${pin.binary} ${pin.version} with Go ${tools.go}`);
    const args = ["install", "-trimpath", "-ldflags=-s -w", `${pin.package}@${pin.version}`];
    await host.run(path.join(sdk, "bin", "go"), args, {
      cwd: folder,
      env,
      timeoutMs: buildLimitMs,
      name: `go install ${pin.package}@${pin.version}`,
    });
    const file = path.join(bin, pin.binary);
    const found = await host.files.stat(file);
    if (found === undefined) throw new Error(`${pin.package}@${pin.version} builds no program named ${pin.binary}`);
    entries.push({
      name: `${prefix}/bin/${pin.binary}`,
      type: "file",
      mode: 0o755,
      content: { file, size: found.size },
    });
  }
  const made = await writeTar(path.join(folder, "layer.tar"), entries, host.signal);
  await Promise.all([
    rm(sdk, { recursive: true, force: true }),
    rm(bin, { recursive: true, force: true }),
    workspace.remove(),
  ]);
  return made;
}

function directory(name: string): TarEntry {
  return { name, type: "directory", mode: 0o755 };
}

/**
 * Caches of one run, given back after it: they would hold hundreds of megabytes that nothing needs again. Caches that
 * the environment names are somebody's choice to keep: those are used, and stay.
 */
async function goWorkspace(
  host: Host,
  folder: string,
): Promise<{ env: Record<string, string | undefined>; remove: () => Promise<void> }> {
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
