/** A Go SDK as the module `golang.org/toolchain`, which the go command checks against the checksum database. */
import path from "node:path";
import { onPath } from "../facts/programs.ts";
import type { Host } from "../host.ts";
import { goWorkspace } from "./workspace.ts";

const downloadLimitMs = 15 * 60_000;

/** Not needed to build, test, debug or read Go programs. The tests of the standard library keep their sources. */
const leftOutFolders = new Set(["api", "doc", "misc", "test"]);

export interface ToolchainModule {
  /** Unpacked, as the module has it: see `placeSdkFile`. */
  folder: string;
  /** `h1:` and the hash that the checksum database vouches for. */
  sum: string;
  remove: () => Promise<void>;
}

export const toolchainModule = (version: string, arch: string): string =>
  `golang.org/toolchain@v0.0.1-go${version}.linux-${arch}`;

/** `work` is an empty folder for what the download needs. */
export async function fetchToolchain(
  host: Host,
  sdk: { version: string; arch: string },
  work: string,
): Promise<ToolchainModule> {
  const go = await onPath("go", host.env.PATH);
  if (go === undefined) {
    throw new Error(
      "go is not on PATH, and Go SDKs come through it; install any Go from 1.21 on (a bootstrap image needs it too: go-workstation:image.source)",
    );
  }
  const workspace = await goWorkspace(host, work);
  const module = toolchainModule(sdk.version, sdk.arch);
  const run = await host.run(go, ["mod", "download", "-json", module], {
    cwd: work,
    env: { ...workspace.env, GO111MODULE: "on" },
    timeoutMs: downloadLimitMs,
    anyExit: true,
  });
  const answer = parseDownload(run.stdout);
  if (answer.Dir === undefined || run.code !== 0) {
    throw new Error(
      `${module} could not be fetched: ${answer.Error ?? run.stderr.trim()}; check GOPROXY (\`go env GOPROXY\`) and that this version exists`,
    );
  }
  return { folder: answer.Dir, sum: answer.Sum ?? "", remove: workspace.remove };
}

function parseDownload(text: string): { Dir?: string; Sum?: string; Error?: string } {
  try {
    return JSON.parse(text) as { Dir?: string; Sum?: string; Error?: string };
  } catch {
    return {};
  }
}

/**
 * Module archives carry neither modes nor a nested go.mod; the go command puts both right when it switches toolchains.
 * A file that was placed before is placed the same way again.
 */
export function placeSdkFile(
  name: string,
  type: "file" | "directory" | "symlink",
): { name: string; mode: number } | undefined {
  const parts = name.split("/");
  if (leftOutFolders.has(parts[0] ?? "")) return undefined;
  if (parts[0] === "src" && parts.includes("testdata")) return undefined;
  if (type === "directory") return { name, mode: 0o755 };
  const runs = parts[0] === "bin" || (parts[0] === "pkg" && parts[1] === "tool") || name.endsWith(".bash");
  const renamed = parts.at(-1) === "_go.mod" ? path.join(path.dirname(name), "go.mod") : name;
  return { name: renamed, mode: runs ? 0o755 : 0o644 };
}
