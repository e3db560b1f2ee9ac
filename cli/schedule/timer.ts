/** Puts `drift` on a schedule and takes it off again: systemd where it runs, else cron. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { proxyIsOurs } from "../../provider/facts/system.ts";
import type { Context } from "../context.ts";
import { relevantEnvironment } from "../engine/fingerprint.ts";
import { CliError } from "../errors.ts";
import { check, run } from "../process.ts";
import { findProgram } from "../setup/packages.ts";
import { isRoot } from "../setup/privilege.ts";
import { writeFileAtomic } from "../setup/record.ts";
import { cronTimes, type Interval } from "./interval.ts";
import { readTimer, recordFile, type TimerRecord } from "./record.ts";
import { cronLine, editCrontab, type Job, renderScript, renderService, renderTimer, unitName } from "./units.ts";

const scriptFile = (stateDir: string, stack: string): string => join(stateDir, "drift", `${stack}.timer.sh`);

/** Where things are, because nothing of a login shell is there. */
const PLACES =
  /^(PATH|HOME|WSL_DISTRO_NAME|DOCKER_(HOST|CONTEXT|CONFIG)|WORKSTATION_(CACHE|STATE)_DIR|XDG_(CACHE|STATE|DATA|CONFIG)_HOME|PULUMI_(HOME|BACKEND_URL|CONFIG_PASSPHRASE_FILE))$/;

const PROXY = /_PROXY(_IS_OURS)?$/i;
const SECRET = /TOKEN|SECRET|PASSWORD|PASSPHRASE$/;

/** Also whatever changes what `up` does: without the proxy of the shell that ran `up`, all that got it would seem changed. */
function passedOn(env: NodeJS.ProcessEnv): Record<string, string> {
  const places = Object.entries(env).filter(([name]) => PLACES.test(name));
  const all = Object.entries({ ...relevantEnvironment(env), ...Object.fromEntries(places) });
  // Those that `up` itself gave the shell change with Windows; `drift` reads them where they come from.
  const left = (name: string): boolean => SECRET.test(name) || (proxyIsOurs(env) === true && PROXY.test(name));
  const told = all.filter((entry): entry is [string, string] => entry[1] !== undefined && !left(entry[0]));
  return Object.fromEntries(told.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function jobOf(context: Context, stack: string, every: Interval): Job {
  return { stack, root: context.root, env: passedOn(context.env), every };
}

export async function installTimer(context: Context, stack: string, every: Interval): Promise<TimerRecord> {
  const kind = await scheduler(context);
  const job = jobOf(context, stack, every);
  const before = readTimer(context.stateDir, stack);
  if (before !== undefined && before.kind !== kind) await removeTimer(context, stack);
  const line = kind === "cron" ? cronLine(cronTimes(every), scriptFile(context.stateDir, stack)) : undefined;
  mkdirSync(join(context.stateDir, "drift"), { recursive: true, mode: 0o700 });
  writeFileAtomic(scriptFile(context.stateDir, stack), renderScript(job), 0o700);
  if (line === undefined) await installUnits(context, job);
  else await changeCrontab(context, stack, line);
  const record: TimerRecord = { kind, every: every.text, minutes: every.minutes };
  writeFileAtomic(recordFile(context.stateDir, stack), `${JSON.stringify(record)}\n`, 0o600);
  return record;
}

/** False when there was none. */
export async function removeTimer(context: Context, stack: string): Promise<boolean> {
  const record = readTimer(context.stateDir, stack);
  if (record === undefined) return false;
  if (record.kind === "systemd") await removeUnits(context, stack);
  else await removeCron(context, stack);
  rmSync(scriptFile(context.stateDir, stack), { force: true });
  rmSync(recordFile(context.stateDir, stack), { force: true });
  return true;
}

async function scheduler(context: Context): Promise<TimerRecord["kind"]> {
  if (await systemdAnswers(context)) return "systemd";
  if (findProgram("crontab", context.env) !== undefined) return "cron";
  throw new CliError(
    "Nothing here runs commands on a schedule: neither systemd nor cron. In WSL set wsl.distro.systemd to true, elsewhere install cron (Debian, Ubuntu: apt-get install cron), and run this again.",
  );
}

async function systemdAnswers(context: Context): Promise<boolean> {
  if (findProgram("systemctl", context.env) === undefined) return false;
  const { code } = await run("systemctl", words("show", "--property=Version"), { env: sessionEnv(context.env) });
  return code === 0;
}

/** Root's timer belongs to the system, anybody else's to that user. */
const words = (...command: string[]): string[] => (isRoot() ? command : ["--user", ...command]);

async function control(context: Context, ...command: string[]): Promise<void> {
  await check("systemctl", words(...command), { env: sessionEnv(context.env) });
}

/** `su`, and shells that WSL or a script starts, do not say where a user's own systemd listens, although it is there. */
export function sessionEnv(
  env: NodeJS.ProcessEnv,
  uid = process.getuid?.() ?? 0,
  run = "/run/user",
): NodeJS.ProcessEnv {
  const folder = join(run, String(uid));
  return env.XDG_RUNTIME_DIR || !existsSync(folder) ? env : { ...env, XDG_RUNTIME_DIR: folder };
}

const unitFolder = (context: Context): string =>
  isRoot() ? "/etc/systemd/system" : join(context.env.XDG_CONFIG_HOME || join(homedir(), ".config"), "systemd/user");

async function installUnits(context: Context, job: Job): Promise<void> {
  const folder = context.env.WORKSTATION_UNIT_DIR ?? unitFolder(context);
  mkdirSync(folder, { recursive: true });
  const name = unitName(job.stack);
  writeFileAtomic(join(folder, `${name}.service`), renderService(job, scriptFile(context.stateDir, job.stack)), 0o644);
  writeFileAtomic(join(folder, `${name}.timer`), renderTimer(job), 0o644);
  await control(context, "daemon-reload");
  await control(context, "enable", "--now", `${name}.timer`);
}

async function removeUnits(context: Context, stack: string): Promise<void> {
  const folder = context.env.WORKSTATION_UNIT_DIR ?? unitFolder(context);
  const name = unitName(stack);
  // systemd can have been switched off since (WSL's boot.systemd): then nothing runs, and the files are all there is.
  const answers = await systemdAnswers(context);
  if (answers && existsSync(join(folder, `${name}.timer`))) {
    await control(context, "disable", "--now", `${name}.timer`);
    // A last run that failed would be listed for ever, and the whole system as degraded. It says no when there is none.
    await run("systemctl", words("reset-failed", `${name}.service`), { env: sessionEnv(context.env) });
  }
  for (const file of [`${name}.timer`, `${name}.service`, `timers.target.wants/${name}.timer`])
    rmSync(join(folder, file), { force: true });
  if (answers) await control(context, "daemon-reload");
}

async function removeCron(context: Context, stack: string): Promise<void> {
  if (findProgram("crontab", context.env) !== undefined) await changeCrontab(context, stack, undefined);
  else
    context.terminal.line(
      `cron is no longer here: should it come back, take the line under "# go-workstation drift ${stack}" out with \`crontab -e\`.`,
    );
}

async function changeCrontab(context: Context, stack: string, line: string | undefined): Promise<void> {
  const listed = await run("crontab", ["-l"], { env: context.env });
  // A user without a table is told so with exit code 1.
  if (listed.code !== 0 && !/no crontab/i.test(listed.stderr)) {
    throw new CliError(`The crontab cannot be read: ${listed.stderr.trim()}`);
  }
  const table = listed.code === 0 ? listed.stdout : "";
  const wanted = editCrontab(table, stack, line);
  if (wanted === table) return;
  if (wanted.trim() === "") await check("crontab", ["-r"], { env: context.env });
  else await check("crontab", ["-"], { env: context.env, input: wanted });
}
