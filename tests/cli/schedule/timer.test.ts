import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../../../cli/context.ts";
import { cronTimes, parseInterval } from "../../../cli/schedule/interval.ts";
import { ageText, readLast, writeLast } from "../../../cli/schedule/last.ts";
import { readTimer } from "../../../cli/schedule/record.ts";
import { installTimer, removeTimer, sessionEnv } from "../../../cli/schedule/timer.ts";
import { cronLine, editCrontab, renderScript, renderService, unitWord } from "../../../cli/schedule/units.ts";

const STANDINS = join(__dirname, "../../standins/schedule");
const hourly = parseInterval("1h");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "timer-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const context = (env: Record<string, string> = {}): Context =>
  ({
    root: "/home/ada/my ws 100%",
    stateDir: join(folder, "state"),
    env: {
      PATH: `${STANDINS}:/usr/bin:/bin`,
      HOME: "/home/ada",
      SECRET: "not passed on",
      STANDIN_LOG: join(folder, "log"),
      STANDIN_TABLE: join(folder, "table"),
      WORKSTATION_UNIT_DIR: join(folder, "units"),
      ...env,
    },
  }) as unknown as Context;
const log = (): string[] => readFileSync(join(folder, "log"), "utf8").trim().split("\n");
const units = (): string[] => (existsSync(join(folder, "units")) ? readdirSync(join(folder, "units")).sort() : []);

// The programs look at PATH of the process, not at the context's.
const path = process.env.PATH;
beforeEach(() => {
  process.env.PATH = `${STANDINS}:${path}`;
});
afterEach(() => {
  process.env.PATH = path;
});

test("systemd: two units, enabled; again changes nothing; removed without a trace", async () => {
  await installTimer(context(), "me", hourly);
  const first = units().map((name) => readFileSync(join(folder, "units", name), "utf8"));
  expect(units()).toEqual(["go-workstation-drift-me.service", "go-workstation-drift-me.timer"]);
  expect(log().at(-1)).toMatch(/^systemctl (--user )?enable --now go-workstation-drift-me\.timer$/);
  expect(first[0]).toContain(`\nExecStart=/bin/sh "${folder}/state/drift/me.timer.sh"\n`);
  await installTimer(context(), "me", hourly);
  expect(units().map((name) => readFileSync(join(folder, "units", name), "utf8"))).toEqual(first);
  expect(readTimer(join(folder, "state"), "me")).toEqual({ kind: "systemd", every: "1h", minutes: 60 });
  expect(await removeTimer(context(), "me")).toBe(true);
  expect(units()).toEqual([]);
  // A run that failed is not left in systemd's list of what failed.
  expect(
    log()
      .slice(-3)
      .map((line) => line.replace("--user ", "")),
  ).toEqual([
    "systemctl disable --now go-workstation-drift-me.timer",
    "systemctl reset-failed go-workstation-drift-me.service",
    "systemctl daemon-reload",
  ]);
  expect(await removeTimer(context(), "me")).toBe(false);
});

test("the service's words survive spaces, percent and dollar signs", () => {
  const job = { stack: "me", root: "/ws", env: {}, every: hourly };
  expect(renderService(job, '/home/ada/my "ws" 100% $x/me.sh')).toContain(
    'ExecStart=/bin/sh "/home/ada/my \\"ws\\" 100%% $$x/me.sh"\n',
  );
  expect(unitWord("a\\b\nc")).toBe('"a\\\\b\\nc"');
});

test("cron where systemd does not run: one marked line beside those that are there", async () => {
  const off = context({ STANDIN_SYSTEMD: "off" });
  writeFileSync(join(folder, "table"), "# mine\n0 1 * * * backup\n");
  await installTimer(off, "me", hourly);
  await installTimer(off, "me", parseInterval("15m"));
  const lines = readFileSync(join(folder, "table"), "utf8").split("\n");
  expect(lines.slice(0, 3)).toEqual(["# mine", "0 1 * * * backup", "# go-workstation drift me"]);
  const script = join(folder, "state", "drift", "me.timer.sh");
  expect(lines[3]).toBe(`*/15 * * * * /bin/sh '${script}' >/dev/null 2>&1`);
  expect(statSync(script).mode & 0o077).toBe(0);
  expect(lines.slice(4)).toEqual([""]);
  await removeTimer(off, "me");
  expect(readFileSync(join(folder, "table"), "utf8")).toBe("# mine\n0 1 * * * backup\n");
  expect(readdirSync(join(folder, "state", "drift"))).toEqual([]);
});

test("a table that was not there is not left behind empty", async () => {
  const off = context({ STANDIN_SYSTEMD: "off" });
  await installTimer(off, "me", hourly);
  await removeTimer(off, "me");
  expect(existsSync(join(folder, "table"))).toBe(false);
});

test("two stacks have a line each", () => {
  const one = editCrontab("", "a", "line a");
  const both = editCrontab(one, "b", "line b");
  expect(editCrontab(both, "a", undefined)).toBe("# go-workstation drift b\nline b\n");
  expect(editCrontab("last without newline", "a", "x")).toBe("last without newline\n# go-workstation drift a\nx\n");
});

test("a shell reads cron's line and script as they were meant, however long PATH is", () => {
  const root = join(folder, "it's 100% $HOME");
  mkdirSync(root);
  writeFileSync(join(root, "workstation"), '#!/bin/sh\necho "$X|$*" >"$(dirname "$0")/out"\n', { mode: 0o755 });
  const long = `/usr/bin:/bin:/${"windows".repeat(500)}`;
  const script = join(root, "timer.sh");
  writeFileSync(script, renderScript({ stack: "me", root, env: { PATH: long, X: "a'b %" }, every: hourly }));
  const line = cronLine("7 * * * *", script);
  expect(line.length).toBeLessThan(1000);
  // cron itself takes the backslash before a percent sign away.
  execFileSync("/bin/sh", ["-c", line.slice("7 * * * * ".length).replaceAll("\\%", "%")]);
  expect(readFileSync(join(root, "out"), "utf8")).toBe("a'b %|drift --stack me --json\n");
});

test("the timer sees the proxy and Go's settings that `up` saw, and no secret", async () => {
  const env = { HTTPS_PROXY: "http://proxy:3128", GOPROXY: "off", PULUMI_ACCESS_TOKEN: "pul-1", DOCKER_PASSWORD: "p" };
  await installTimer(context(env), "me", hourly);
  const script = readFileSync(join(folder, "state", "drift", "me.timer.sh"), "utf8");
  expect(script).toContain("export HTTPS_PROXY='http://proxy:3128'\n");
  expect(script).toContain("export GOPROXY='off'\n");
  expect(script).not.toMatch(/pul-1|DOCKER_PASSWORD|not passed on/);
  expect(statSync(join(folder, "state", "drift", "me.timer.sh")).mode & 0o077).toBe(0);
  for (const unit of units()) expect(readFileSync(join(folder, "units", unit), "utf8")).not.toContain("proxy");
});

test("a proxy that `up` gave the shell is not frozen into the timer", async () => {
  const env = { HTTP_PROXY: "http://old:1", https_proxy: "http://old:1", WORKSTATION_PROXY_IS_OURS: "http://old:1  " };
  await installTimer(context(env), "me", hourly);
  expect(readFileSync(join(folder, "state", "drift", "me.timer.sh"), "utf8")).not.toMatch(/old|PROXY/);
});

test("systemd that was switched off since does not keep the timer from being removed", async () => {
  await installTimer(context(), "me", hourly);
  const told = log().length;
  expect(await removeTimer(context({ STANDIN_SYSTEMD: "off" }), "me")).toBe(true);
  expect(units()).toEqual([]);
  expect(log()).toHaveLength(told);
});

test("a shell that does not say where the user's systemd listens finds it all the same", () => {
  mkdirSync(join(folder, "1000"));
  expect(sessionEnv({ A: "1" }, 1000, folder)).toEqual({ A: "1", XDG_RUNTIME_DIR: join(folder, "1000") });
  expect(sessionEnv({ XDG_RUNTIME_DIR: "/mine" }, 1000, folder)).toEqual({ XDG_RUNTIME_DIR: "/mine" });
  expect(sessionEnv({ A: "1" }, 1001, folder)).toEqual({ A: "1" });
});

test.each([
  ["5m", "*/5 * * * *"],
  ["30m", "*/30 * * * *"],
  ["1h", "7 * * * *"],
  ["6h", "7 */6 * * *"],
  ["24h", "7 9 * * *"],
  ["2d", "7 9 */2 * *"],
])("%s for cron is %s", (text, times) => expect(cronTimes(parseInterval(text))).toBe(times));

test.each(["", "1", "4m", "8d", "1.5h", "h", "1w", "-1h"])("--every %j is refused", (text) => {
  expect(() => parseInterval(text)).toThrow(/must be a number followed by m, h or d, from 5m to 7d/);
});
test.each(["7m", "90m", "5h"])("%s is refused where cron has to do it", (text) => {
  expect(() => cronTimes(parseInterval(text))).toThrow(/divide an hour or a day evenly/);
});

test("the last result is kept, for oneself alone", () => {
  expect(readLast(folder, "me")).toBeUndefined();
  const last = { time: "2026-11-24T10:00:00.000Z", code: 2, summary: { checked: 3, drifted: [] } };
  writeLast(folder, "me", last);
  expect(readLast(folder, "me")).toEqual(last);
  expect(statSync(join(folder, "drift", "me.json")).mode & 0o777).toBe(0o600);
});

test.each([
  [20_000, "0 minutes"],
  [60_000, "1 minute"],
  [119 * 60_000, "119 minutes"],
  [3 * 3_600_000, "3 hours"],
  [72 * 3_600_000, "3 days"],
])("%d ms is %s", (millis, text) => expect(ageText(millis)).toBe(text));
