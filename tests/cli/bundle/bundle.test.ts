import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openBundle } from "../../../cli/bundle/unpack.ts";
import { fingerprintOf } from "../../../cli/signing/keys.ts";
import { type Entry, purpose, Stage, tar } from "./stage.ts";

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.remove());

test("what was bundled is there afterwards, and a second time nothing is missing", async () => {
  await stage.make();
  expect(await stage.take()).toBe(5);
  const at = (name: string) => join(stage.folder, name);
  expect(statSync(at("cache/node/24.0.0/node_modules/node/bin/node")).mode & 0o777).toBe(0o755);
  expect(readlinkSync(at("checkout/node_modules/.bin/yaml"))).toBe("../yaml/index.js");
  expect(readFileSync(at("checkout/node_modules/.workstation-lock"), "utf8")).toBe('{"name":"x"}\n');
  expect(readFileSync(at("cache/layers/l1/layer.tar"), "utf8")).toBe("layer");
  // One program under two names is one file here too.
  expect(statSync(at("cache/toolchain/t1/bin/pulumi")).ino).toBe(statSync(at("cache/toolchain/t1/plugins/docker")).ino);
  expect(existsSync(at(`cache/modules/m1/proxy/${"long/".repeat(60)}v1.0.0.zip`))).toBe(true);
  expect(stage.placed().filter((name) => name.includes(".bundle-"))).toEqual([]);
  // The stand-in toolchain has no manifest of its own, so that it counts as not whole and is placed again.
  expect(await stage.take()).toBe(1);
});

test("others can read what they are to read and write nothing, whatever the umask", async () => {
  await stage.make();
  for (const umask of [0o077, 0o000]) {
    rmSync(stage.cacheDir, { recursive: true, force: true });
    const before = process.umask(umask);
    try {
      await stage.take();
    } finally {
      process.umask(before);
    }
    const modes = ["modules/m1/proxy", "node/24.0.0/node_modules/node/bin/node", "layers/l1/meta.json"];
    expect(modes.map((name) => statSync(join(stage.cacheDir, name)).mode & 0o777)).toEqual([0o755, 0o755, 0o644]);
  }
});

test("a layer that was cut short is put right; packages behind a link are left alone", async () => {
  await stage.make();
  await stage.take();
  truncateSync(join(stage.cacheDir, "layers/l1/layer.tar"), 2);
  rmSync(join(stage.root, "node_modules"), { recursive: true });
  execFileSync("ln", ["-s", "/nowhere", join(stage.root, "node_modules")]);
  expect(await stage.take()).toBe(2);
  expect(readFileSync(join(stage.cacheDir, "layers/l1/layer.tar"), "utf8")).toBe("layer");
  expect(lstatSync(join(stage.root, "node_modules")).isSymbolicLink()).toBe(true);
});

test("the same content gives the same bytes, whatever its times, modes and order on disk", async () => {
  await stage.make();
  const first = stage.bytes();
  const layer = join(stage.folder, "from/layer/meta.json");
  utimesSync(layer, 1, 1);
  execFileSync("chmod", ["600", layer]);
  const other = readFileSync(join(stage.folder, "from/toolchain/plugins/docker"));
  rmSync(join(stage.folder, "from/toolchain/plugins/docker"));
  writeFileSync(join(stage.folder, "from/toolchain/plugins/docker"), other, { mode: 0o755 });
  await stage.make(join(stage.folder, "again.bundle"));
  expect(readFileSync(join(stage.folder, "again.bundle")).equals(first)).toBe(true);
  expect(first.includes(stage.folder)).toBe(false);
});

const flip = (at: (bytes: Buffer) => number) => async () => {
  await stage.make();
  const bytes = stage.bytes();
  const position = at(bytes);
  bytes[position] = (bytes[position] as number) ^ 1;
  writeFileSync(stage.file, bytes);
};
/** A whole one, then what is done to it. */
const spoilt = (spoil: () => void) => async () => {
  await stage.make();
  spoil();
};
const headerOf = (bytes: Buffer, name: string): number => bytes.lastIndexOf(`${name}\0`);

test.each<[string, () => Promise<void>, RegExp]>([
  ["nothing", async () => {}, /cannot be read \(.*ENOENT/],
  ["an empty file", async () => writeFileSync(stage.file, ""), /cut off/],
  ["some other archive", async () => writeFileSync(stage.file, await tar([{ name: "a" }])), /is no bundle/],
  ["no archive", async () => writeFileSync(stage.file, Buffer.alloc(4096, 7)), /is damaged|no archive/],
  [
    "cut in a member",
    spoilt(() => truncateSync(stage.file, stage.bytes().length - 9000)),
    /cut off|ends too early|not what was bundled/,
  ],
  [
    "cut between members",
    spoilt(() => truncateSync(stage.file, headerOf(stage.bytes(), "toolchain-1.tar.zst"))),
    /cut off/,
  ],
  ["cut before its end mark", spoilt(() => truncateSync(stage.file, stage.bytes().length - 1024)), /cut off/],
  ["something behind its end", spoilt(() => appendFileSync(stage.file, "x".repeat(512))), /stands behind its end/],
  ["a bit in the manifest", flip((bytes) => bytes.indexOf('"engine"') + 12), /changed after it was signed|is damaged/],
  [
    "a bit in the signature",
    flip((bytes) => bytes.indexOf('"signature"') + 20),
    /changed after it was signed|cannot be read/,
  ],
  ["a bit in a header", flip((bytes) => headerOf(bytes, "layer-1.tar.zst") + 3), /header's checksum is wrong/],
  [
    "a bit in a compressed member",
    flip((bytes) => headerOf(bytes, "layer-1.tar.zst") + 512 + 20),
    /not what was bundled/,
  ],
  ["a bit in a gzip member", flip((bytes) => headerOf(bytes, "node.tar.gz") + 512 + 40), /not what was bundled/],
])("%s is refused and leaves nothing", async (_name, spoil, message) => {
  await spoil();
  await expect(stage.take()).rejects.toThrow(message);
  expect(stage.placed()).toEqual([]);
});

async function resign(entries: Entry[]): Promise<void> {
  writeFileSync(stage.file, await tar(entries));
}

/** Entries of the bundle as it stands, to be put together otherwise. */
async function entriesOf(): Promise<Entry[]> {
  const { readTar } = await import("../../../cli/bundle/tar-reader.ts");
  const { createReadStream } = await import("node:fs");
  const entries: Entry[] = [];
  for await (const { name, body } of readTar(createReadStream(stage.file), "it")) {
    const parts: Buffer[] = [];
    for await (const part of body) parts.push(part);
    entries.push({ name, content: Buffer.concat(parts) });
  }
  return entries;
}

test.each<[string, (entries: Entry[]) => Entry[], RegExp]>([
  [
    "a further member",
    (entries) => [...entries, { name: "extra", content: "x" }],
    /holds "extra", which its manifest.json does not name/,
  ],
  ["a missing member", (entries) => entries.slice(0, -1), /toolchain-1.tar.zst is missing/],
  [
    "members in another order",
    (entries) => [...entries.slice(0, -2), ...entries.slice(-2).reverse()],
    /stands where .* should be/,
  ],
  [
    "a member of another bundle",
    (entries) => entries.map((entry) => (entry.name === "layer-1.tar.zst" ? { ...entry, content: "other" } : entry)),
    /not what was bundled/,
  ],
  ["no manifest", (entries) => entries.slice(1), /does not begin with manifest.json/],
])("%s is refused and leaves nothing", async (_name, change, message) => {
  await stage.make();
  await resign(change(await entriesOf()));
  await expect(stage.take()).rejects.toThrow(message);
  expect(stage.placed()).toEqual([]);
});

test.each<[string, (manifest: Record<string, unknown>) => unknown, RegExp]>([
  ["a future format", (manifest) => ({ ...manifest, format: 2 }), /has format 2, and this version reads up to 1/],
  [
    "a purpose that lacks something",
    (manifest) => ({ ...manifest, purpose: { ...purpose, go: undefined } }),
    /is none of format 1/,
  ],
  [
    "a purpose that would write to the terminal",
    (manifest) => ({ ...manifest, purpose: { ...purpose, product: "\u001b[2J" } }),
    /is none of format 1/,
  ],
  ["no format", ({ format: _format, ...rest }) => rest, /is none of format 1/],
  ["another key", (manifest) => ({ ...manifest, key: "x" }), /does not fit its own key/],
  [
    "another processor",
    (manifest) => ({ ...manifest, purpose: { ...purpose, arch: "s390x" } }),
    /is for s390x, and this machine is/,
  ],
  [
    "a member's name that leads elsewhere",
    (manifest) => ({
      ...manifest,
      members: [{ path: "../x", kind: "layer", key: "k", size: 1, sha256: "0".repeat(64) }],
    }),
    /member that is not allowed/,
  ],
  [
    "a key that leads elsewhere",
    (manifest) => ({
      ...manifest,
      members: [{ path: "x", kind: "layer", key: "../k", size: 1, sha256: "0".repeat(64) }],
    }),
    /member that is not allowed/,
  ],
  [
    "a kind that nobody knows",
    (manifest) => ({ ...manifest, members: [{ path: "x", kind: "other", key: "k", size: 1, sha256: "0".repeat(64) }] }),
    /member that is not allowed/,
  ],
])("unsigned, with %s, is refused and leaves nothing", async (_name, change, message) => {
  await stage.make(stage.file, { signed: false });
  const entries = await entriesOf();
  const manifest = JSON.parse(String(entries[0]?.content)) as Record<string, unknown>;
  await resign([{ name: "manifest.json", content: JSON.stringify(change(manifest)) }, ...entries.slice(1)]);
  await expect(stage.take({ allowUnsigned: true })).rejects.toThrow(message);
  expect(stage.placed()).toEqual([]);
});

test.each<[string, Entry[], RegExp]>([
  ["a name above its folder", [{ name: "../evil", content: "x" }], /no name below the folder/],
  ["an absolute name", [{ name: "/tmp/evil", content: "x" }], /no name below the folder/],
  ["a name that climbs in the middle", [{ name: "a/../../evil", content: "x" }], /no name below the folder/],
  ["a link to outside", [{ name: "a", type: "symlink", linkname: "../../x" }], /link to "..\/..\/x", which is outside/],
  ["an absolute link", [{ name: "a", type: "symlink", linkname: "/etc" }], /which is outside/],
  [
    "a file through a link",
    [
      { name: "d", type: "directory" },
      { name: "a", type: "symlink", linkname: "d" },
      { name: "a/x", content: "x" },
    ],
    /is no folder, and something is to go into it/,
  ],
  [
    "a file twice",
    [
      { name: "a", content: "1" },
      { name: "a", content: "2" },
    ],
    /stands in it twice/,
  ],
  [
    "a file over a link",
    [
      { name: "a", type: "symlink", linkname: "b" },
      { name: "a", content: "2" },
    ],
    /stands in it twice/,
  ],
  ["a hard link to nothing before it", [{ name: "a", type: "link", linkname: "b" }], /which is no file before it/],
  ["a hard link to outside", [{ name: "a", type: "link", linkname: "../../etc/passwd" }], /no name below the folder/],
  ["a device", [{ name: "a", type: "character-device" as "file" }], /is of the kind "3"/],
])("signed, with %s in a member, is refused and leaves nothing", async (_name, entries, message) => {
  await stage.makeWith(entries);
  await expect(stage.take()).rejects.toThrow(message);
  expect(stage.placed()).toEqual([]);
});

test("a bundle of another version of the program is refused", async () => {
  await stage.make();
  writeFileSync(join(stage.root, "package-lock.json"), "{}\n");
  await expect(stage.take()).rejects.toThrow(/made by another version of go-workstation/);
  expect(stage.placed()).toEqual([]);
});

test("whose bundle is used", async () => {
  await stage.make();
  const elsewhere = join(stage.folder, "other-keys");
  const { signer } = await openBundle(stage.file);
  if (signer === undefined) throw new Error("it is signed");
  const fingerprint = fingerprintOf(signer);
  await expect(stage.take({}, elsewhere)).rejects.toThrow(`--signer ${fingerprint}`);
  await expect(stage.take({ signer: "SHA256:other" }, elsewhere)).rejects.toThrow(
    /not the bundle that you were told of/,
  );
  expect(stage.placed()).toEqual([]);
  expect(await stage.take({ allowUnsigned: true }, elsewhere)).toBe(5);
  // That was once; this is for good.
  await expect(stage.take({}, elsewhere)).rejects.toThrow(/not trusted here/);
  await stage.take({ signer: fingerprint }, elsewhere);
  await stage.take({}, elsewhere);
  await stage.make(stage.file, { signed: false });
  await expect(stage.take({}, elsewhere)).rejects.toThrow(/is not signed/);
  await stage.take({ allowUnsigned: true }, elsewhere);
});

test("a full disk is told as such and leaves nothing half done", async () => {
  await stage.make();
  // A small file system of its own, in a namespace that ends with the command.
  const script = `
    mkdir -p ${stage.cacheDir} && mount -t tmpfs -o size=900k tmpfs ${stage.cacheDir} || exit 77
    ${process.execPath} --disable-warning=ExperimentalWarning ${join(__dirname, "full-disk.ts")} ${stage.file} ${stage.root} ${stage.cacheDir}
    ls -A ${stage.cacheDir}`;
  const said = execFileSync("unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", script], {
    encoding: "utf8",
  });
  expect(said).toMatch(/^The disk is full: .*WORKSTATION_CACHE_DIR to another disk, and run this again\.\n$/);
});
