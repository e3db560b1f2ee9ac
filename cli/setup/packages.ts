/** The distribution's packages. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Context } from "../context.ts";
import { CliError } from "../errors.ts";
import { check, run } from "../process.ts";
import { confirm } from "../terminal.ts";
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
  const apt = async (args: string[]): Promise<string> => {
    const [command = "", ...rest] = [...prefix, "apt-get", "-o", "DPkg::Lock::Timeout=300", ...args];
    return await check(command, rest, { env, onLine: (line) => news(shorten(line)) });
  };
  news("reading package lists");
  await apt(["update", "-q"]);
  const extra: string[] = [];
  for (const name of optional) {
    if ((await run("apt-cache", ["show", name])).code === 0) extra.push(name);
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

function shorten(line: string): string {
  const text = line.trim();
  return /^(Get|Hit|Unpacking|Setting up|Selecting|Processing)/.test(text) ? text.slice(0, 70) : "installing packages";
}
