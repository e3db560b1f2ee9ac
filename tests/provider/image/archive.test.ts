import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { imageArchive } from "../../../provider/image/archive.ts";
import { configFile } from "../../../provider/image/config-file.ts";
import { commonPrefix } from "../../../provider/image/daemon.ts";
import { cachedLayer, ensureLayer } from "../../../provider/image/layer-cache.ts";
import { writeTar } from "../../../provider/image/tar.ts";
import { type Scratch, scratch } from "../scratch.ts";

let machine: Scratch;
beforeEach(() => {
  machine = scratch();
});
afterEach(() => machine.remove());

const signal = new AbortController().signal;
const config = {
  user: "1000:1000",
  workdir: "/w",
  env: { B: "2", A: "1" },
  entrypoint: [],
  cmd: ["sh"],
  labels: { z: "1", a: "2" },
};
const sha = (content: Buffer) => createHash("sha256").update(content).digest("hex");

async function layer(name: string, content: string) {
  const file = path.join(machine.root, `${name}.tar`);
  const made = await writeTar(file, [{ name, type: "file", mode: 0o644, content: Buffer.from(content) }], signal);
  return { key: name, title: name, file, ...made };
}

async function unpacked(
  present: number,
  layers: Awaited<ReturnType<typeof layer>>[],
): Promise<{ names: string[]; folder: string }> {
  const file = path.join(machine.root, "image.tar");
  await pipeline(
    imageArchive(configFile(config, "amd64", layers), layers, ["r/dev:1"], present),
    createWriteStream(file),
  );
  const folder = path.join(machine.root, "unpacked");
  mkdirSync(folder, { recursive: true });
  execFileSync("tar", ["-xf", file, "-C", folder]);
  return { names: execFileSync("tar", ["-tf", file], { encoding: "utf8" }).trim().split("\n"), folder };
}

test("an archive of the same entries is the same, byte for byte, whatever their order", async () => {
  const big = machine.put("/big", "x".repeat(1_000_000));
  const entries = [
    { name: "b/c", type: "file" as const, mode: 0o755, content: { file: machine.real(big), size: 1_000_000 } },
    { name: "a", type: "symlink" as const, mode: 0o777, target: "b" },
    { name: "b", type: "directory" as const, mode: 0o755, uid: 7, gid: 8 },
  ];
  const one = await writeTar(path.join(machine.root, "1.tar"), entries, signal);
  const two = await writeTar(path.join(machine.root, "2.tar"), entries.toReversed(), signal);
  expect(one).toEqual(two);
  const bytes = readFileSync(path.join(machine.root, "1.tar"));
  expect(one).toEqual({ digest: sha(bytes), size: bytes.length });
  const listing = execFileSync("tar", ["--numeric-owner", "-tvf", path.join(machine.root, "1.tar")], {
    encoding: "utf8",
  });
  expect(listing).toMatch(/lrwxrwxrwx 0\/0 .* a -> b\ndrwxr-xr-x 7\/8 .* b\/\n-rwxr-xr-x 0\/0 +1000000 .* b\/c\n/);
});

test("the image's id is the hash of its configuration, and its layers are what they claim", async () => {
  const layers = [await layer("one", "1"), await layer("two", "2")];
  const { folder } = await unpacked(0, layers);
  const [manifest] = JSON.parse(readFileSync(path.join(folder, "manifest.json"), "utf8"));
  const content = readFileSync(path.join(folder, manifest.Config));
  expect(manifest.Config).toBe(`${sha(content)}.json`);
  expect(configFile(config, "amd64", layers).id).toBe(`sha256:${sha(content)}`);
  expect(manifest.RepoTags).toEqual(["r/dev:1"]);
  const image = JSON.parse(content.toString());
  const digests = manifest.Layers.map((name: string) => `sha256:${sha(readFileSync(path.join(folder, name)))}`);
  expect(image.rootfs.diff_ids).toEqual(digests);
  expect(image.config).toMatchObject({ Env: ["A=1", "B=2"], User: "1000:1000", Cmd: ["sh"], Entrypoint: null });
  expect(image.created).toBe("2023-11-14T22:13:20Z");
  expect(image.history).toHaveLength(2);
});

test("layers that the daemon has are named, not sent", async () => {
  const layers = [await layer("one", "1"), await layer("two", "2")];
  const { names } = await unpacked(1, layers);
  expect(names).not.toContain(`${layers[0]?.digest}/layer.tar`);
  expect(names).toContain(`${layers[1]?.digest}/layer.tar`);
  expect(commonPrefix(["a", "b", "c"], ["a", "b", "x"])).toBe(2);
});

describe("the cache of layers", () => {
  const job = (content: string) => {
    let made = 0;
    return {
      times: () => made,
      key: "a".repeat(64),
      title: "test layer",
      make: async (folder: string) => {
        made += 1;
        return writeTar(
          path.join(folder, "layer.tar"),
          [{ name: "f", type: "file" as const, mode: 0o644, content: Buffer.from(content) }],
          signal,
        );
      },
    };
  };
  // The cache is not below the scratch root: its streams go past `files`, as the tar program does.
  const host = () => ({
    ...machine.host,
    folders: { ...machine.host.folders, cache: path.join(machine.root, "cache") },
    files: plainFiles(),
  });
  const plainFiles = () => jest.requireActual("../../../provider/host-files.ts").filesBelow("/");

  test("is made once, also when two want it at the same time", async () => {
    const work = job("x");
    const [one, two] = await Promise.all([ensureLayer(host(), work, () => {}), ensureLayer(host(), work, () => {})]);
    expect(work.times()).toBe(1);
    expect(one).toEqual(two);
    expect(await cachedLayer(host(), work.key, work.title)).toEqual(one);
  });

  test("one that was cut short is made again", async () => {
    const work = job("x");
    const made = await ensureLayer(host(), work, () => {});
    writeFileSync(made.file, "short");
    expect(await cachedLayer(host(), work.key, work.title)).toBeUndefined();
    expect((await ensureLayer(host(), work, () => {})).digest).toBe(made.digest);
  });

  test("a failure leaves nothing behind and names the layer", async () => {
    const work = { ...job("x"), make: () => Promise.reject(Object.assign(new Error("x"), { code: "ENOSPC" })) };
    await expect(ensureLayer(host(), work, () => {})).rejects.toThrow(/image layer "test layer": no space is left/);
    expect(execFileSync("ls", ["-A", path.join(machine.root, "cache/layers")], { encoding: "utf8" })).toBe("");
  });
});
