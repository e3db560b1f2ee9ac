/** The distribution's packages. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { bundledFolder, bundleRecord } from "../bundle/record.ts";
import type { Context } from "../context.ts";
import { CliError } from "../errors.ts";
import { check, run } from "../process.ts";
import { confirm } from "../terminal.ts";
import { distribution } from "./distribution.ts";
import { rootPrefix } from "./privilege.ts";
import { readRecord, writeRecord } from "./record.ts";

/** Where a program is; administrators' folders are looked at too, because a user's PATH often leaves them out. */
export function findProgram(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const folders = [...(env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return folders
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** Installs those of `wanted` that are missing; `optional` ones only where the distribution has them. */
export async function installPackages(
  context: Context,
  purpose: string,
  wanted: string[],
  optional: string[],
  news: (text: string) => void,
): Promise<void> {
  if (findProgram("apt-get", context.env) === undefined) {
    throw new CliError(
      `${purpose} is missing. It can be installed here only on Debian and Ubuntu (apt-get); install it with your distribution's tools (${wanted.join(", ")}) and run this again.`,
    );
  }
  if (
    !(await confirm(`${purpose}: install ${wanted.join(", ")} from the distribution's packages?`, context.globals.yes))
  ) {
    throw new CliError(`${purpose} was not installed. Install it yourself, or run this again and agree.`);
  }
  const prefix = await rootPrefix(context, `Installing ${wanted.join(", ")}`);
  const env = { ...context.env, DEBIAN_FRONTEND: "noninteractive" };
  const work = mkdtempSync(join(tmpdir(), "gows-apt-"));
  const source = bundledSource(context, work);
  const apt = async (args: string[]): Promise<string> => {
    const [command = "", ...rest] = [...prefix, "apt-get", "-o", "DPkg::Lock::Timeout=300", ...source, ...args];
    return await check(command, rest, { env, onLine: (line) => news(shorten(line)) });
  };
  try {
    await installMissing(context, { wanted, optional, prefix, env, apt, source }, news);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

interface Installing {
  wanted: string[];
  optional: string[];
  prefix: string[];
  env: NodeJS.ProcessEnv;
  apt: (args: string[]) => Promise<string>;
  source: string[];
}

async function installMissing(context: Context, installing: Installing, news: (text: string) => void): Promise<void> {
  const { wanted, optional, prefix, env, apt, source } = installing;
  news("reading package lists");
  await apt(["update", "-q"]);
  const extra: string[] = [];
  for (const name of optional) {
    if ((await run("apt-cache", [...source, "show", name])).code === 0) extra.push(name);
  }
  const missing: string[] = [];
  for (const name of [...wanted, ...extra]) {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills this in, not we
    const status = await run("dpkg-query", ["-W", "-f", "${db:Status-Status}", name]);
    if (status.stdout.trim() !== "installed") missing.push(name);
  }
  // Written before the work: when it is cut off in the middle, `uninstall` still knows.
  const record = readRecord(context.stateDir);
  writeRecord(context.stateDir, { ...record, packages: [...new Set([...record.packages, ...missing])].sort() });
  if (prefix.length === 0 || missing.length > 0) {
    const [command = "", ...rest] = [...prefix, "dpkg", "--configure", "-a"];
    await run(command, rest, { env });
    await apt(["install", "-y", "-q", "--no-install-recommends", ...missing]);
  }
}

/** Options by which apt takes packages from the bundle that this machine was set up from, and asks no network. */
function bundledSource(context: Context, work: string): string[] {
  const folder = bundledFolder(context.cacheDir, "debs");
  const from = bundleRecord(context.cacheDir)?.purpose.distribution;
  if (folder === undefined || from === undefined) return [];
  if (from !== distribution()) {
    throw new CliError(
      `The bundle has packages of ${from}, and this is ${distribution() || "another system"}. Install what is missing with this system's own tools and run this again.`,
    );
  }
  // Their hashes are in the bundle's manifest, which was checked; nobody else signs this list.
  writeFileSync(join(work, "bundle.list"), `deb [trusted=yes] file:${folder} ./\n`);
  mkdirSync(join(work, "lists", "partial"), { recursive: true });
  const options = [
    `Dir::Etc::SourceList=${join(work, "bundle.list")}`,
    "Dir::Etc::SourceParts=-",
    `Dir::State::Lists=${join(work, "lists")}`,
    // It reads the packages where they are, in a folder that may be root's alone.
    "APT::Sandbox::User=root",
  ];
  return options.flatMap((option) => ["-o", option]);
}

export function shorten(line: string): string {
  const text = line.trim();
  return /^(Get|Hit|Unpacking|Setting up|Selecting|Processing)/.test(text) ? text.slice(0, 70) : "installing packages";
}
