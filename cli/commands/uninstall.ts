/** `uninstall`: what set-up put on this machine, each thing asked for. Only after `destroy`. */
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Context } from "../context.ts";
import { PROJECT } from "../engine/checkpoint.ts";
import { CliError } from "../errors.ts";
import { check, run } from "../process.ts";
import { rootPrefix } from "../setup/privilege.ts";
import { readRecord, type SetupRecord, writeRecord } from "../setup/record.ts";
import { engineHome } from "../setup/state.ts";
import { confirm } from "../terminal.ts";

interface Item {
  what: string;
  remove: () => Promise<void>;
}

export async function uninstall(context: Context): Promise<number> {
  refuseWhileInUse(context);
  const items = await listItems(context);
  if (items.length === 0) {
    context.print("Set-up has installed nothing here that is still there.");
    return 0;
  }
  let removed = 0;
  for (const item of items) {
    if (!(await confirm(`Remove ${item.what}?`, context.globals.yes))) continue;
    await item.remove();
    context.print(`Removed ${item.what}.`);
    removed++;
  }
  context.print(`${removed} of ${items.length} removed. Your stack files and this checkout stay.`);
  return 0;
}

function refuseWhileInUse(context: Context): void {
  const folder = join(context.stateDir, "backend", ".pulumi", "stacks", PROJECT);
  const stacks = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".json"))
        .map((name) => name.slice(0, -".json".length))
    : [];
  if (stacks.length > 0) {
    throw new CliError(
      `There are still workstations: ${stacks.join(", ")}. Run \`./workstation destroy --stack NAME\` for each first.`,
    );
  }
}

async function listItems(context: Context): Promise<Item[]> {
  const record = readRecord(context.stateDir);
  const home = engineHome(context.env);
  const items: Item[] = [];
  const folder = async (path: string, what: string): Promise<void> => {
    // What a link leads to belongs to somebody else.
    if (!existsSync(path) || lstatSync(path).isSymbolicLink()) return;
    items.push({
      what: `${what}: ${path} (${await sizeOf(path)})`,
      // Go's module cache is read-only to keep people from editing it.
      remove: async () => {
        await run("chmod", ["-R", "u+w", path]);
        rmSync(path, { recursive: true, force: true });
      },
    });
  };
  if (home.startsWith(join(context.env.XDG_DATA_HOME || join(homedir(), ".local", "share"), "go-workstation"))) {
    await folder(home, "the engine's home with its plugins");
  }
  const { daemon } = record;
  if (daemon !== undefined && isDaemon(daemon.pid)) {
    items.push({
      what: `the Docker daemon that set-up started (process ${daemon.pid}): its containers stop`,
      remove: async () => await stopDaemon(context, record),
    });
  }
  if (record.packages.length > 0) {
    items.push({
      what: `the distribution's packages ${record.packages.join(", ")}`,
      remove: async () => await removePackages(context, record),
    });
  }
  await folder(context.stateDir, "state: passphrase, backend, first contents of changed files");
  await folder(context.local, "this checkout's generated files");
  // Last: this very program runs from them.
  await folder(context.cacheDir, "caches: toolchain, Node, image layers");
  await folder(join(context.root, "node_modules"), "this program's packages");
  return items;
}

async function sizeOf(path: string): Promise<string> {
  const { stdout } = await run("du", ["-sk", path]);
  const kib = Number(stdout.split("\t")[0]);
  return kib >= 1024 ? `${Math.round(kib / 1024)} MiB` : `${kib} KiB`;
}

function isDaemon(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("dockerd");
  } catch {
    return false;
  }
}

async function stopDaemon(context: Context, record: SetupRecord): Promise<void> {
  const pid = record.daemon?.pid ?? 0;
  process.kill(pid, "SIGTERM");
  const deadline = Date.now() + 60_000;
  while (isDaemon(pid)) {
    if (Date.now() > deadline) throw new CliError(`The Docker daemon (process ${pid}) did not stop within a minute.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { daemon: _, ...rest } = record;
  writeRecord(context.stateDir, rest);
}

async function removePackages(context: Context, record: SetupRecord): Promise<void> {
  const prefix = await rootPrefix(context, `Removing ${record.packages.join(", ")}`);
  const [command = "", ...args] = [...prefix, "apt-get", "purge", "-y", "-q", "--auto-remove", ...record.packages];
  await check(command, args, { env: { ...context.env, DEBIAN_FRONTEND: "noninteractive" } });
  writeRecord(context.stateDir, { ...readRecord(context.stateDir), packages: [] });
}
