/** Stand-ins: a program that is nothing but what Go writes about its making, and layers as the image builder leaves them. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { GoToolPin } from "../../../domain/recipe.ts";
import { machineArch } from "../../../provider/facts/system.ts";
import type { BuildInfo } from "../../../provider/go/buildinfo.ts";
import { machineHost } from "../../../provider/host.ts";
import { layerName } from "../../../provider/image/layer-names.ts";

const prefixed = (text: string): Buffer => {
  const bytes = Buffer.from(text, "latin1");
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>= 7) {
    length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) break;
  }
  return Buffer.concat([Buffer.from(length), bytes]);
};

export function standInProgram({ go, package: main, version, sum }: BuildInfo): Buffer {
  const lines = `path\t${main}\nmod\texample.com/m\t${version}\t${sum}\ndep\texample.com/other\tv9.9.9\th1:other=\n`;
  const header = Buffer.alloc(32);
  header.write("\xff Go buildinf:", 0, "latin1");
  header[14] = 8;
  header[15] = 2;
  const mark = "#".repeat(16);
  return Buffer.concat([
    Buffer.alloc(64),
    header,
    prefixed(`go${go}`),
    prefixed(`${mark}${lines}${mark}`),
    Buffer.alloc(9),
  ]);
}

/** Of the stand-in's toolchain module. */
export const SUM = "h1:stand-in=";

export interface Place {
  folder: string;
  host: ReturnType<typeof machineHost>;
  remove(): void;
}

/** A cache of its own with one SDK and the tools given. */
export function standInCache(version: string, tools: { pin: GoToolPin; content: Buffer }[]): Place {
  const folder = mkdtempSync(path.join(tmpdir(), "go-host-test-"));
  const env = {
    ...process.env,
    WORKSTATION_CACHE_DIR: path.join(folder, "cache"),
    WORKSTATION_STATE_DIR: path.join(folder, "state"),
  };
  const base = { key: "", arch: machineArch() };
  const sdk = {
    VERSION: `go${version}\ntime 2024-01-01\n`,
    "bin/go": "#!/bin/sh\n# Stand-in for go\n",
    "bin/gofmt": "gofmt",
    "src/fmt/print.go": "package fmt\n",
    ...Object.fromEntries(["asm", "compile", "link"].map((tool) => [`pkg/tool/linux_amd64/${tool}`, tool])),
  };
  layer(env.WORKSTATION_CACHE_DIR, layerName({ kind: "goSdk", version, default: true }, base), `go${version}`, sdk, {
    sum: SUM,
  });
  const place = { folder, host: machineHost({ env }), remove: () => rmSync(folder, { recursive: true, force: true }) };
  if (tools.length === 0) return place;
  const pins = tools.map(({ pin }) => pin);
  const binaries = Object.fromEntries(tools.map(({ pin, content }) => [`bin/${pin.binary}`, content]));
  layer(
    env.WORKSTATION_CACHE_DIR,
    layerName({ kind: "goTools", go: version, tools: pins }, base),
    `go${version}-tools`,
    binaries,
  );
  return place;
}

function layer(
  cache: string,
  { key, title }: { key: string; title: string },
  name: string,
  files: Record<string, string | Buffer>,
  more: object = {},
): void {
  const home = path.join(cache, "layers", key);
  const root = path.join(home, "root");
  for (const [file, content] of Object.entries(files)) {
    const full = path.join(root, "usr/local/sdk", name, file);
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, content);
    chmodSync(full, file.startsWith("bin/") || file.startsWith("pkg/") ? 0o755 : 0o644);
  }
  const archive = path.join(home, "layer.tar");
  execFileSync("tar", ["-cf", archive, "-C", root, "usr"]);
  rmSync(root, { recursive: true });
  const digest = createHash("sha256").update(readFileSync(archive)).digest("hex");
  writeFileSync(
    path.join(home, "meta.json"),
    `${JSON.stringify({ title, digest, size: statSync(archive).size, ...more })}\n`,
  );
}
