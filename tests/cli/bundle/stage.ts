/** Small real bundles in a folder, and the ways in which one can be spoilt. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { pack } from "tar-stream";
import type { Member, Purpose } from "../../../cli/bundle/manifest.ts";
import { type Content, inOrder, packMember, writeBundle } from "../../../cli/bundle/pack.ts";
import { packagesKey, placeBundle } from "../../../cli/bundle/place.ts";
import { type Consent, judgeSigner } from "../../../cli/bundle/trusted.ts";

export const purpose: Purpose = {
  product: "0.1.0",
  arch: process.arch,
  node: "24.0.0",
  engine: "3.0.0",
  plugins: { docker: "5.0.0" },
  go: ["1.22.6"],
  tools: [],
  image: { suite: "bookworm", packages: [] },
  distribution: "debian 12",
  docker: "",
  modules: 1,
  goEnv: { GOSUMDB: "sum.golang.org" },
};

export interface Entry {
  name: string;
  type?: "file" | "directory" | "symlink" | "link";
  content?: Buffer | string;
  linkname?: string;
}

export function tar(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, type = "file", content = "", linkname } of entries) {
    archive.entry(
      { name, type, mtime: new Date(0), ...(linkname === undefined ? {} : { linkname }) },
      content as string,
    );
  }
  archive.finalize();
  return collect(archive as unknown as AsyncIterable<Buffer>);
}

async function collect(parts: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const part of parts) all.push(part);
  return Buffer.concat(all);
}

export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), "gows-bundle-"));
  readonly file = join(this.folder, "out.bundle");
  readonly keys = join(this.folder, "keys");
  readonly root = join(this.folder, "checkout");
  readonly cacheDir = join(this.folder, "cache");

  constructor() {
    this.write("checkout/package-lock.json", '{"name":"x"}\n');
    this.write("from/node/node_modules/node/bin/node", "#!/bin/sh\n", 0o755);
    this.write("from/packages/yaml/index.js", "module.exports = 1;\n");
    this.write("from/packages/.bin/.keep", "");
    symlinkSync("../yaml/index.js", join(this.folder, "from/packages/.bin/yaml"));
    this.write("from/layer/layer.tar", "layer");
    this.write("from/layer/meta.json", '{"digest":"d","size":5}\n');
    const program = Buffer.alloc(1_100_000, 7);
    this.write("from/toolchain/bin/pulumi", program, 0o755);
    this.write("from/toolchain/plugins/docker", program, 0o755);
    this.write(`from/modules/proxy/${"long/".repeat(60)}v1.0.0.zip`, "zip");
  }

  write(name: string, content: string | Buffer, mode = 0o644): void {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode });
  }

  contents(): Content[] {
    const content = (kind: Content["kind"], path: string, key: string): Content => ({
      kind,
      path,
      key,
      folder: join(this.folder, "from", kind),
    });
    return [
      content("modules", "modules-1.tar.zst", "m1"),
      content("layer", "layer-1.tar.zst", "l1"),
      content("node", "node.tar.gz", "24.0.0"),
      content("toolchain", "toolchain-1.tar.zst", "t1"),
      {
        ...content("packages", "node_modules.tar.zst", packagesKey(this.root)),
        folder: join(this.folder, "from/packages"),
      },
    ].sort(inOrder);
  }

  async make(out = this.file, options: { signed?: boolean; purpose?: Purpose; more?: Member[] } = {}): Promise<void> {
    const work = mkdtempSync(join(this.folder, "work-"));
    const signal = new AbortController().signal;
    const members: Member[] = [];
    for (const content of this.contents()) members.push(await packMember(content, work, signal));
    await writeBundle({
      out,
      work,
      members: [...members, ...(options.more ?? [])],
      purpose: options.purpose ?? purpose,
      keys: options.signed === false ? undefined : this.keys,
      signal,
    });
    rmSync(work, { recursive: true });
  }

  /** One whose archive of modules holds these entries, and that is right in everything else. */
  async makeWith(entries: readonly Entry[]): Promise<void> {
    const work = mkdtempSync(join(this.folder, "work-"));
    const content = zstdCompressSync(await tar(entries));
    writeFileSync(join(work, "modules-1.tar.zst"), content);
    const { createHash } = await import("node:crypto");
    const sha256 = createHash("sha256").update(content).digest("hex");
    const members: Member[] = [{ path: "modules-1.tar.zst", kind: "modules", key: "m1", size: content.length, sha256 }];
    await writeBundle({
      out: this.file,
      work,
      members,
      purpose,
      keys: this.keys,
      signal: new AbortController().signal,
    });
    rmSync(work, { recursive: true });
  }

  async take(consent: Consent = {}, keys = this.keys): Promise<number> {
    const { placed } = await placeBundle({
      root: this.root,
      cacheDir: this.cacheDir,
      file: this.file,
      agree: (opened) => void judgeSigner(opened, this.file, keys, consent),
      onWait: () => {},
    });
    return placed;
  }

  /** Everything below checkout and cache. */
  placed(): string[] {
    const list = (name: string): string[] => {
      try {
        return readdirSync(join(this.folder, name), { recursive: true, encoding: "utf8" }).map(
          (path) => `${name}/${path}`,
        );
      } catch {
        return [];
      }
    };
    return [...list("checkout"), ...list("cache")]
      .filter((name) => !["checkout/package-lock.json", "checkout/.workstation"].includes(name))
      .sort();
  }

  bytes(): Buffer {
    return readFileSync(this.file);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
