/**
 * Programs of Debian packages without installing them: the packages are fetched and unpacked into the cache folder. No
 * rights are needed, and no service starts, no user is made and no file of the machine changes.
 */
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../../cli/setup/packages.ts";
import { cacheFolder } from "../../provider/folders.ts";
import { run } from "./server.ts";

export interface DebianProgram {
  /** Absolute path of the program. */
  path: string;
  /** What it must be started with: finds the libraries that came along. */
  env: NodeJS.ProcessEnv;
  /** Where the packages were unpacked; undefined when the machine has the program itself. */
  root: string | undefined;
}

const LIBRARIES = ["usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib"];

function inside(root: string, name: string): DebianProgram {
  const libraries = LIBRARIES.map((folder) => join(root, folder)).filter(existsSync);
  const path = ["usr/sbin", "usr/bin"].map((folder) => join(root, folder, name)).find(existsSync);
  if (path === undefined) throw new Error(`${name} is not in ${root}: remove this folder and try again`);
  return { path, env: { ...process.env, LD_LIBRARY_PATH: libraries.join(":") }, root };
}

/** The machine's own program, else one unpacked from the newest package that its distribution offers. */
export async function debianProgram(name: string, packageName: string): Promise<DebianProgram> {
  const own = findProgram(name, process.env);
  if (own !== undefined) return { path: own, env: process.env, root: undefined };
  const labs = join(cacheFolder(process.env, homedir()), "labs");
  const root = join(labs, packageName);
  if (!existsSync(root)) await unpack(packageName, labs, root);
  return inside(root, name);
}

async function unpack(packageName: string, labs: string, root: string): Promise<void> {
  await mkdir(labs, { recursive: true });
  const work = await mkdtemp(join(labs, ".unpack-"));
  try {
    for (const folder of ["lists/partial", "archives/partial", "root"]) {
      await mkdir(join(work, folder), { recursive: true });
    }
    // Lists and archives of our own: apt's need root, and may be old.
    const options = {
      "Dir::State::lists": join(work, "lists"),
      "Dir::Cache::archives": join(work, "archives"),
      "Dir::Cache::pkgcache": "",
      "Dir::Cache::srcpkgcache": "",
      "APT::Sandbox::User": process.getuid?.() === 0 ? "root" : "",
      "Debug::NoLocking": "true",
    };
    const apt = async (...args: string[]) => {
      const set = Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
      await run("apt-get", ["-q", ...set, ...args], { maxBuffer: 1 << 26 });
    };
    await apt("update");
    await apt("--download-only", "--no-install-recommends", "-y", "install", packageName);
    for (const archive of await readdir(join(work, "archives"))) {
      if (archive.endsWith(".deb")) await run("dpkg", ["-x", join(work, "archives", archive), join(work, "root")]);
    }
    await chmod(join(work, "root"), 0o755);
    await rename(join(work, "root"), root).catch((error: NodeJS.ErrnoException) => {
      // Another run was quicker.
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } catch (error) {
    throw new Error(
      `${packageName} cannot be had from the distribution's packages: install it (apt-get install ${packageName}), or see to apt-get.\n${(error as Error).message}`,
      { cause: error },
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
