/** The script that systemd runs, run: with a clock and an RTC of its own. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { renderClockScript, renderClockService, renderClockTimer } from "../../../domain/time/clock-files.ts";

const POWERSHELL = path.join(__dirname, "../../standins/windows/powershell.exe");
const NOW = 1_790_000_000;
let folder: string;
let bin: string;

/** Stand-in: `date` tells and sets a clock that is a file. */
const DATE = `#!/bin/sh
# Stand-in for date: its clock is a file.
case "$*" in
  '-u +%s') cat "$CLOCK" ;;
  '-u -s @'*) echo "date set" >>"$LOG"; printf '%s' "\${3#@}" >"$CLOCK" ;;
  *) exec /bin/date "$@" ;;
esac
`;
const HWCLOCK = `#!/bin/sh
# Stand-in for hwclock: sets the clock that is a file.
[ "$*" = '--hctosys --utc' ] || exit 64
[ "\${HWCLOCK:-works}" = works ] || exit 1
echo "hwclock set" >>"$LOG"
cat "$WORKSTATION_RTC" >"$CLOCK"
`;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "clock-script-"));
  bin = path.join(folder, "bin");
  mkdirSync(bin);
  for (const [name, text] of Object.entries({ date: DATE, hwclock: HWCLOCK })) {
    writeFileSync(path.join(bin, name), text);
    chmodSync(path.join(bin, name), 0o755);
  }
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string => path.join(folder, name);
const textOf = (name: string): string => (existsSync(file(name)) ? readFileSync(file(name), "utf8") : "");

function run(clock: number, rtc: string | undefined, more: Record<string, string> = {}, powershell = "") {
  writeFileSync(file("clock"), String(clock));
  if (rtc !== undefined) writeFileSync(file("rtc"), rtc);
  writeFileSync(file("script"), renderClockScript(powershell));
  const env = {
    ...{ PATH: `${bin}:/usr/bin:/bin`, CLOCK: file("clock"), LOG: file("log"), WORKSTATION_RTC: file("rtc") },
    ...more,
  };
  const { status, stdout, stderr } = spawnSync("sh", [file("script")], { env, encoding: "utf8" });
  return { status, stdout, stderr, clock: Number(textOf("clock")), set: textOf("log").trim() };
}

test.each([
  ["behind: forward", NOW - 3600, "hwclock set", "3600 s behind the hardware clock: set forward"],
  ["ahead: back", NOW + 3600, "hwclock set", "3600 s ahead of the hardware clock: set back"],
  ["just beyond the limit", NOW + 3, "hwclock set", "set back"],
])("%s", (_, clock, set, said) => {
  const found = run(clock, `${NOW}\n`);
  expect(found).toMatchObject({ status: 0, stderr: "", clock: NOW, set });
  expect(found.stdout).toContain(said);
});

test.each([0, 1, 2, -2])("%d s off is left alone, in silence", (off) => {
  expect(run(NOW + off, `${NOW}\n`)).toEqual({ status: 0, stdout: "", stderr: "", clock: NOW + off, set: "" });
});

test("date sets it where hwclock fails", () => {
  expect(run(NOW - 99, `${NOW}\n`, { HWCLOCK: "broken" })).toMatchObject({ status: 0, clock: NOW, set: "date set" });
});

test.each([
  ["no clock", undefined, "neither"],
  ["an empty one", "", "no clock to compare with"],
  ["one that is no number", "12:00", "no clock to compare with"],
  ["one that begins in 1970", "86400\n", "cannot be"],
])("%s to compare with: left alone, and said", (_, rtc, said) => {
  const found = run(NOW, rtc);
  expect(found).toMatchObject({ status: 1, clock: NOW, set: "" });
  expect(found.stdout).toContain(said);
});

test("Windows is asked where there is no hardware clock", () => {
  // The stand-in reads the same file for a clock, so it is told how far Windows is ahead.
  const found = run(NOW, undefined, { STANDIN_WINDOWS_SECONDS: "500" }, POWERSHELL);
  expect(found).toMatchObject({ status: 0, clock: NOW + 500, set: "date set" });
  expect(found.stdout).toContain("behind Windows: set forward");
});

test("a Windows that fails is no clock", () => {
  const broken = file("broken.exe");
  writeFileSync(broken, "#!/bin/sh\n# Stand-in for a powershell.exe that fails.\necho 404\nexit 1\n");
  chmodSync(broken, 0o755);
  expect(run(NOW, undefined, {}, broken)).toMatchObject({ status: 1, clock: NOW, set: "" });
});

test("the units say what runs, how long at most, and when", () => {
  expect(renderClockService()).toMatch(/^ExecStart=\/usr\/local\/lib\/go-workstation\/clock$/m);
  expect(renderClockService()).toMatch(/^TimeoutStartSec=\d+$/m);
  expect(renderClockTimer()).toMatch(/^OnUnitActiveSec=60s$/m);
  expect(renderClockTimer()).toMatch(/^WantedBy=timers\.target$/m);
});

test("it is a script for any POSIX shell", () => {
  writeFileSync(file("script"), renderClockScript("/mnt/c/x.exe"));
  expect(execFileSync("sh", ["-n", file("script")], { encoding: "utf8" })).toBe("");
});
