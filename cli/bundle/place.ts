/** Where members go on this machine, and how they get there: unpacked beside, and moved when all of the bundle was right. */
import { createHash, randomBytes } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { withLock } from "../../provider/lock.ts";
import { CliError, codeOf } from "../errors.ts";
import { readStored } from "../setup/toolchain-store.ts";
import { withFolders } from "./leftovers.ts";
import type { Manifest, Member } from "./manifest.ts";
import { type Opened, type UnpackOptions, unpackBundle } from "./unpack.ts";

export interface Places {
  /** The checkout. */
  root: string;
  cacheDir: string;
}

const stagingPrefix = ".bundle-";

const finalFolder = ({ root, cacheDir }: Places, { kind, key }: Member): string =>
  ({
    node: join(cacheDir, "node", key),
    packages: join(root, "node_modules"),
    toolchain: join(cacheDir, "toolchain", key),
    layer: join(cacheDir, "layers", key),
    privileged: join(cacheDir, "privileged", key),
    program: join(cacheDir, "go-programs", key),
    modules: join(cacheDir, "modules", key),
    debs: join(cacheDir, "debs", key),
  })[kind];

export const packagesKey = (root: string): string =>
  createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex")
    .slice(0, 16);

const marker = (root: string): string => join(root, "node_modules", ".workstation-lock");

/** What is there and whole is kept: the same key means the same content. */
function isThere(places: Places, member: Member): boolean {
  const folder = finalFolder(places, member);
  switch (member.kind) {
    case "node":
      return existsSync(join(folder, "node_modules"));
    case "packages":
      return (
        isLink(folder) ||
        (existsSync(marker(places.root)) && sameFile(marker(places.root), join(places.root, "package-lock.json")))
      );
    case "toolchain":
      return readStored(folder) !== undefined;
    case "layer":
      return isWholeLayer(folder);
    default:
      return existsSync(folder);
  }
}

/** Packages behind a link belong to another checkout. */
function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

const sameFile = (a: string, b: string): boolean => readFileSync(a).equals(readFileSync(b));

function isWholeLayer(folder: string): boolean {
  try {
    const { size } = JSON.parse(readFileSync(join(folder, "meta.json"), "utf8")) as { size?: number };
    return statSync(join(folder, "layer.tar")).size === size;
  } catch (error) {
    if (error instanceof SyntaxError || ["ENOENT", "ENOTDIR"].includes(codeOf(error))) return false;
    throw error;
  }
}

export type PlaceOptions = Places &
  Pick<UnpackOptions, "file" | "agree" | "report" | "signal"> & { onWait: (holder: string) => void };

/** Checks all of the bundle and puts in place what is missing here. One at a time does so for a cache folder. */
export async function placeBundle(options: PlaceOptions): Promise<Opened & { placed: number }> {
  const name = createHash("sha256").update(options.cacheDir).digest("hex").slice(0, 16);
  const lock = { onWait: options.onWait, ...(options.signal === undefined ? {} : { signal: options.signal }) };
  return await withLock(`bundle-${name}`, lock, async () => {
    // Containers of other users read some of it, and nobody else may write any: whatever the umask.
    const umask = process.umask(0o022);
    try {
      const stages = openStages(options);
      return await withFolders([stages.root, stages.cache], () => place(options, stages));
    } finally {
      process.umask(umask);
    }
  });
}

interface Stages {
  /** On the file system of the checkout, and on that of the cache: what is moved must not be copied. */
  root: string;
  cache: string;
}

/** What a killed run left is removed: whoever holds the lock knows that it is dead. */
function openStages({ root, cacheDir }: Places): Stages {
  const open = (parent: string): string => {
    mkdirSync(parent, { recursive: true });
    for (const name of readdirSync(parent)) {
      if (name.startsWith(stagingPrefix)) rmSync(join(parent, name), { recursive: true, force: true });
    }
    const folder = join(parent, `${stagingPrefix}${randomBytes(6).toString("hex")}`);
    mkdirSync(folder);
    return folder;
  };
  return { root: open(join(root, ".workstation")), cache: open(cacheDir) };
}

async function place(options: PlaceOptions, stages: Stages): Promise<Opened & { placed: number }> {
  const staged: { member: Member; folder: string }[] = [];
  const opened = await unpackBundle({
    ...options,
    agree: (found) => {
      refuseOtherVersion(found.manifest, options);
      options.agree(found);
    },
    place: (member) => {
      if (isThere(options, member)) return undefined;
      const folder = join(member.kind === "packages" ? stages.root : stages.cache, member.path);
      staged.push({ member, folder });
      return folder;
    },
  });
  for (const { member, folder } of staged) move(options, member, folder, stages);
  return { ...opened, placed: staged.length };
}

/** The packages are those of one package-lock.json: with another one this program would not run on them. */
function refuseOtherVersion({ members, purpose }: Manifest, { root, file }: PlaceOptions): void {
  const packages = members.find(({ kind }) => kind === "packages");
  if (packages !== undefined && packages.key !== packagesKey(root)) {
    throw new CliError(
      `${file} was made by another version of go-workstation (${purpose.product}, other packages) than the one in ${root}. Use the checkout that it was made from, or make it again from this one.`,
    );
  }
}

function move(places: Places, member: Member, folder: string, stages: Stages): void {
  const final = finalFolder(places, member);
  mkdirSync(dirname(final), { recursive: true });
  // The entry's mark of packages that are whole: part of what is moved, so that there is no moment without it.
  if (member.kind === "packages")
    copyFileSync(join(places.root, "package-lock.json"), join(folder, ".workstation-lock"));
  if (existsSync(final))
    renameSync(final, join(member.kind === "packages" ? stages.root : stages.cache, `old-${member.path}`));
  renameSync(folder, final);
}
