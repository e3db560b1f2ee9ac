/** Node as the npm package that carries its program, and this checkout's own packages. */
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import type { Context } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { run } from "../../process.ts";
import { NODE_MEMBER } from "../manifest.ts";
import type { Content } from "../pack.ts";
import { packagesKey } from "../place.ts";

/** The version that the entry script installs where there is none. */
export function nodeVersion(root: string): string {
  const version = /^node_version=(\S+)$/m.exec(readFileSync(join(root, "workstation"), "utf8"))?.[1];
  if (version === undefined) throw new CliError(`${join(root, "workstation")} names no node_version.`);
  return version;
}

export async function collectNode(context: Context, news: (text: string) => void): Promise<Content> {
  const version = nodeVersion(context.root);
  const folder = join(context.cacheDir, "node", version);
  const program = join("node_modules", `node-linux-${process.arch}`);
  if (!existsSync(join(folder, program, "bin", "node"))) await install(context, folder, news);
  return {
    path: NODE_MEMBER,
    kind: "node",
    key: version,
    folder,
    // Headers and pages: nothing is compiled against this Node.
    leaveOut: (name) =>
      name === `${program}/include` || name === `${program}/share` || name === "node_modules/.package-lock.json",
  };
}

/** As the entry script does: this machine has a Node of its own, the other one may have none. */
async function install(context: Context, folder: string, news: (text: string) => void): Promise<void> {
  news("fetching Node for machines that have none");
  const temporary = `${folder}.tmp.${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  try {
    for (const name of ["package.json", "package-lock.json"]) {
      copyFileSync(join(context.root, "cli", "setup", "node", name), join(temporary, name));
    }
    const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    const result = await run("npm", args, { cwd: temporary, env: context.env });
    if (result.code !== 0) throw new CliError(`npm could not fetch Node:\n${result.stderr.trim()}`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(temporary, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

export function collectPackages(context: Context): Content {
  const folder = join(context.root, "node_modules");
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) throw new CliError(`${folder} is missing.`);
  const key = packagesKey(context.root);
  return {
    path: `node_modules-${key}.tar.zst`,
    kind: "packages",
    key,
    folder: realpathSync(folder),
    // Marks and caches of this checkout.
    leaveOut: (name) => name.startsWith(".workstation-lock") || name === ".cache" || name === ".package-lock.json",
  };
}
