import { parseSettings } from "../../../config/load.ts";
import type { Facts } from "../../../domain/facts.ts";
import { planTime } from "../../../domain/sync/time.ts";
import { machine } from "../machine.ts";

const wsl: Partial<Facts> = { system: { kind: "wsl", distribution: "ubuntu", codename: "noble", arch: "amd64" } };
const windows = (timezone: string, profile = "/mnt/c/Users/ada"): Partial<Facts> => ({
  windows: { ...machine().windows, reachable: true, timezone, profile },
});
const noSystemd: Partial<Facts> = { machine: { ...machine().machine, init: "other" } };
const plan = (hostSync: object, ...changes: Partial<Facts>[]) =>
  planTime({
    stack: "dev",
    root: "/ws",
    settings: parseSettings({ hostSync }),
    facts: machine([], Object.assign({}, ...changes)),
  });

const china = windows("China Standard Time");
const staging = "/ws/.workstation/dev/machine";

test.each<[string, object, Partial<Facts>[], object | undefined]>([
  ["WSL", {}, [wsl, china], { zone: "Asia/Shanghai", root: "/" }],
  ["Windows seen from plain Linux: staged", {}, [china], { zone: "Asia/Shanghai", root: staging }],
  ["the settings", { timezone: "Europe/Berlin" }, [], { zone: "Europe/Berlin", root: staging }],
  ["the settings, live", { mode: "live", timezone: "Europe/Berlin" }, [], { zone: "Europe/Berlin", root: "/" }],
  ["no Windows", {}, [], undefined],
  ["off", { timezone: "off" }, [wsl, china], undefined],
  ["a zone that the table does not have", {}, [wsl, windows("Mitteleuropäische Zeit")], undefined],
])("time zone: %s", (_, hostSync, changes, expected) => expect(plan(hostSync, ...changes)?.timezone).toEqual(expected));

test("the plan names the files that the time zone writes", () => {
  expect(plan({}, wsl, china)?.timezoneFiles).toEqual(["/etc/localtime", "/etc/timezone"]);
  expect(plan({}, china)?.timezoneFiles).toEqual([`${staging}/etc/localtime`, `${staging}/etc/timezone`]);
  expect(plan({}, wsl)?.timezoneFiles).toEqual([]);
});

test("off is nothing at all", () => expect(plan({ mode: "off" }, wsl, china)).toBeUndefined());
test("nothing to do, nothing to say", () => expect(plan({ clock: false })).toBeUndefined());

test("a zone that the table does not have is told with what to set", () => {
  expect(plan({}, wsl, windows("Mitteleuropäische Zeit"))?.warnings).toEqual([
    expect.stringMatching(/left alone.*"Mitteleuropäische Zeit".*hostSync\.timezone: Asia\/Shanghai/),
  ]);
});

test("another zone than Windows' is undone by WSL itself: told", () => {
  expect(plan({ timezone: "Europe/Berlin" }, wsl, china)?.warnings).toEqual([
    expect.stringContaining("wsl.distro.useWindowsTimezone is false"),
  ]);
  expect(plan({ timezone: "Asia/Shanghai" }, wsl, china)?.warnings).toEqual([]);
});

test("clock: live in WSL with systemd", () => {
  const clock = plan({}, wsl, windows("UTC", "/win/c/Users/ada"))?.clock;
  expect(clock?.files.map(({ name, path, permissions }) => [name, path, permissions])).toEqual([
    ["script", "/usr/local/lib/go-workstation/clock", "0755"],
    ["service", "/etc/systemd/system/go-workstation-clock.service", "0644"],
    ["timer", "/etc/systemd/system/go-workstation-clock.timer", "0644"],
  ]);
  expect(clock?.files[0]?.content).toContain(
    "powershell='/win/c/Windows/System32/WindowsPowerShell/v1.0/powershell.exe'",
  );
  expect(clock?.unit).toBe("go-workstation-clock.timer");
});

test("clock: staged writes the same files and starts nothing", () => {
  const staged = plan({}, noSystemd)?.clock;
  const live = plan({}, wsl, windows("UTC"))?.clock;
  expect(staged?.unit).toBeUndefined();
  expect(staged?.files.map(({ path }) => path)).toEqual(live?.files.map(({ path }) => `${staging}${path}`));
  expect(staged?.files.slice(1).map(({ content }) => content)).toEqual(
    live?.files.slice(1).map(({ content }) => content),
  );
});

test("clock: without systemd it is said, not skipped", () => {
  const told = plan({}, wsl, noSystemd);
  expect(told?.clock).toBeUndefined();
  expect(told?.warnings).toEqual([
    expect.stringMatching(/systemd does not run here.*systemd: true.*hwclock.*clock: false/),
  ]);
  expect(plan({ clock: false }, wsl, noSystemd)).toBeUndefined();
});

test("clock: plain Linux sets its own when it wakes up", () => expect(plan({ mode: "live" })?.clock).toBeUndefined());
