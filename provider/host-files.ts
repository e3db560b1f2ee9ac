/** Files as the provider touches them: below a root (`/`, or a test's folder), writes all or nothing. */
import { randomBytes } from "node:crypto";
import { constants, type Dirent } from "node:fs";
import * as fs from "node:fs/promises";
import path from "node:path";

export interface FileStat {
  kind: "file" | "folder" | "link" | "other";
  /** Permission bits, set-id and sticky bits included. */
  mode: number;
  uid: number;
  gid: number;
  size: number;
}

export interface WriteOptions {
  mode: number;
  /** Left to the system when absent. */
  owner?: { uid: number; gid: number };
}

export interface Files {
  /** The path on this machine for a path as a person writes it. */
  real(file: string): string;
  /** Never follows a symbolic link. */
  stat(file: string): Promise<FileStat | undefined>;
  link(file: string): Promise<string>;
  /** When its content (for a folder: the list of names in it) last changed; undefined when it is not there. */
  changed(file: string): Promise<Date | undefined>;
  read(file: string): Promise<Buffer | undefined>;
  text(file: string): Promise<string | undefined>;
  list(folder: string): Promise<Dirent[]>;
  /** Readers see the old content or the new, never a mixture, even if the machine stops half-way. */
  write(file: string, content: string | Buffer, options: WriteOptions): Promise<void>;
  /** A symbolic link in place of whatever file or link is there; nobody sees the moment in between. */
  writeLink(file: string, target: string): Promise<void>;
  /** Makes what is missing; answers the folders it made, outermost first. */
  makeFolder(folder: string, mode?: number): Promise<string[]>;
  remove(file: string): Promise<void>;
  /** Only if it is empty; says whether it went. */
  removeEmptyFolder(folder: string): Promise<boolean>;
  setMode(file: string, mode: number): Promise<void>;
}

export function filesBelow(root: string): Files {
  const real = (file: string) => (root === "/" ? file : path.join(root, file));
  const whenPresent = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
      throw error;
    }
  };
  const files: Files = {
    real,
    async stat(file) {
      const found = await whenPresent(fs.lstat(real(file)));
      if (found === undefined) return undefined;
      const kind = found.isFile() ? "file" : found.isDirectory() ? "folder" : found.isSymbolicLink() ? "link" : "other";
      return { kind, mode: found.mode & 0o7777, uid: found.uid, gid: found.gid, size: found.size };
    },
    link: (file) => fs.readlink(real(file)),
    changed: async (file) => (await whenPresent(fs.stat(real(file))))?.mtime,
    read: (file) => explained("read", file, whenPresent(fs.readFile(real(file)))),
    text: async (file) => (await files.read(file))?.toString("utf8"),
    list: async (folder) => (await whenPresent(fs.readdir(real(folder), { withFileTypes: true }))) ?? [],
    write: (file, content, options) => explained("write", file, writeWhole(real(file), content, options)),
    writeLink: (file, target) => explained("write the link", file, linkWhole(real(file), target)),
    makeFolder: (folder, mode = 0o755) =>
      explained(
        "make the folder",
        folder,
        makeMissing(folder, files.stat, (made) => fs.mkdir(real(made), { mode })),
      ),
    remove: (file) => explained("remove", file, fs.rm(real(file), { force: true })),
    async removeEmptyFolder(folder) {
      try {
        await fs.rmdir(real(folder));
        return true;
      } catch (error) {
        if (["ENOTEMPTY", "EEXIST", "ENOENT", "EBUSY"].includes(codeOf(error))) return false;
        throw explain("remove the folder", folder, error);
      }
    },
    setMode: (file, mode) => explained("change the permissions of", file, fs.chmod(real(file), mode)),
  };
  return files;
}

/** Outermost first. Noted before they are made: a run that was killed in between still knows which folders are ours. */
export async function missingFolders(files: Pick<Files, "stat">, folder: string): Promise<string[]> {
  const missing: string[] = [];
  for (let at = folder; at !== path.dirname(at) && (await files.stat(at)) === undefined; at = path.dirname(at)) {
    missing.unshift(at);
  }
  return missing;
}

const marker = ".go-workstation-";

/**
 * Temporary file in the same folder, synced, renamed over the old one, folder synced. The temporary file carries our
 * process number, so that the next write can clear away what a killed one left.
 */
async function writeWhole(file: string, content: string | Buffer, options: WriteOptions): Promise<void> {
  const folder = path.dirname(file);
  const prefix = `.${path.basename(file)}${marker}`;
  await clearLeftovers(folder, prefix);
  const temporary = path.join(folder, `${prefix}${process.pid}-${randomBytes(4).toString("hex")}`);
  // 0600 until it is complete: a secret must not be readable for the moment before its mode is set.
  const handle = await fs.open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await handle.writeFile(content);
    if (options.owner !== undefined) {
      const now = await handle.stat();
      const { uid, gid } = options.owner;
      if (now.uid !== uid || now.gid !== gid) await handle.chown(uid, gid);
    }
    await handle.chmod(options.mode);
    await handle.sync();
    await handle.close();
    await fs.rename(temporary, file);
  } catch (error) {
    await handle.close().catch(() => {});
    await fs.rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

async function linkWhole(file: string, target: string): Promise<void> {
  const folder = path.dirname(file);
  const prefix = `.${path.basename(file)}${marker}`;
  await clearLeftovers(folder, prefix);
  const temporary = path.join(folder, `${prefix}${process.pid}-${randomBytes(4).toString("hex")}`);
  await fs.symlink(target, temporary);
  try {
    await fs.rename(temporary, file);
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

async function clearLeftovers(folder: string, prefix: string): Promise<void> {
  for (const name of await fs.readdir(folder)) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number(/^(\d+)-/.exec(name.slice(prefix.length))?.[1]);
    if (Number.isInteger(pid) && pid !== process.pid && !isAlive(pid))
      await fs.rm(path.join(folder, name), { force: true });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await fs.open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems (network shares, Windows drives in WSL) cannot sync a folder; the rename is still atomic there.
    if (!["EINVAL", "ENOTSUP", "EISDIR", "EBADF", "EPERM"].includes(codeOf(error))) throw error;
  } finally {
    await handle.close();
  }
}

async function makeMissing(
  folder: string,
  stat: Files["stat"],
  make: (folder: string) => Promise<unknown>,
): Promise<string[]> {
  const missing: string[] = [];
  for (let at = folder; (await stat(at)) === undefined; at = path.dirname(at)) {
    missing.unshift(at);
    if (path.dirname(at) === at) break;
  }
  for (const at of missing) {
    await make(at).catch((error: unknown) => {
      if (codeOf(error) !== "EEXIST") throw error;
    });
  }
  return missing;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? "";
}

async function explained<T>(verb: string, file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw explain(verb, file, error);
  }
}

const causes: Record<string, string> = {
  ENOSPC: "no space is left on that disk; nothing was changed. Free some space and run again",
  EDQUOT: "this user's disk quota is used up; nothing was changed. Free some space and run again",
  EACCES: "this user may not; run as the file's owner or as root",
  EPERM: "this user may not, or the file is marked immutable (see `lsattr`); run as the file's owner or as root",
  EROFS: "that file system is read-only; remount it writable or choose another path",
  EBUSY: "it is in use as a mount point; unmount it or choose another path",
  ENOTDIR: "a part of that path is a file, not a folder; choose another path",
  EFBIG: "it would be larger than this process may write (see `ulimit -f`); nothing was changed",
};

function explain(verb: string, file: string, error: unknown): Error {
  const code = codeOf(error);
  const cause = causes[code] ?? (error instanceof Error ? error.message : String(error));
  return Object.assign(new Error(`cannot ${verb} ${file}: ${cause}`, { cause: error }), code === "" ? {} : { code });
}
