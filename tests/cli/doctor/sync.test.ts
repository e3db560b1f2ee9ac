/** Doctor's checks of clock, time zone and proxy, on facts of machines. */
import { createServer } from "node:net";
import { runCheck } from "../../../cli/commands/doctor.ts";
import type { Check } from "../../../cli/doctor/checks.ts";
import type { Patient } from "../../../cli/doctor/patient.ts";
import { type Look, syncChecks } from "../../../cli/doctor/sync.ts";
import { parseSettings } from "../../../config/load.ts";
import type { Facts } from "../../../domain/facts.ts";
import { machine, wslMachine } from "../../domain/machine.ts";

const look: Look = { zone: async () => "Asia/Shanghai", listens: async () => undefined };

async function examine(facts: Facts, hostSync: object = {}, changes: Partial<Look> | "real" = {}) {
  const standinPatient = {
    root: "/ws",
    stack: "dev",
    settings: parseSettings({ hostSync }),
    facts: async () => facts,
  } as unknown as Patient;
  const definitions = changes === "real" ? syncChecks() : syncChecks({ ...look, ...changes });
  const checks = await Promise.all(definitions.map(async (check) => await runCheck(check, standinPatient)));
  return Object.fromEntries(checks.map((check) => [check.id, check])) as Record<"clock" | "timezone" | "proxy", Check>;
}

const off = (offsetSeconds: number, source = "windows"): Partial<Facts> => ({ clock: { offsetSeconds, source } });
const plain = machine();
const windows = (changes: Partial<Facts["windows"]>): Partial<Facts> => ({
  windows: { ...wslMachine().windows, timezone: "China Standard Time", ...changes },
});

test.each<[string, Facts, object, Check["status"], RegExp, RegExp]>([
  ["right", wslMachine([], off(0.4)), {}, "pass", /0\.4 s ahead of Windows/, /./],
  [
    "behind after sleep",
    wslMachine([], off(-30)),
    {},
    "warn",
    /30\.0 s behind Windows/,
    /systemctl status go-workstation-clock\.timer/,
  ],
  [
    "behind after a night",
    wslMachine([], off(-30_000, "rtc")),
    {},
    "fail",
    /behind the hardware clock/,
    /systemctl status/,
  ],
  ["nobody sets it", wslMachine([], off(30)), { clock: false }, "warn", /ahead/, /sudo hwclock --hctosys/],
  ["plain Linux", machine([], off(-3600, "rtc")), {}, "warn", /3600\.0 s behind/, /timedatectl/],
  ["nothing to compare with", machine([], off(0, "")), {}, "skip", /no other clock/, /./],
  ["not asked", machine(), {}, "skip", /no other clock/, /./],
])("clock: %s", async (_, facts, hostSync, status, found, fix) => {
  const { clock } = await examine(facts, hostSync);
  expect(clock).toMatchObject({ status, found: expect.stringMatching(found), fix: expect.stringMatching(fix) });
});

test.each<[string, Facts, object, Partial<Look>, Check["status"], RegExp]>([
  ["as in Windows", wslMachine([], windows({})), {}, {}, "pass", /^Asia\/Shanghai$/],
  [
    "another",
    wslMachine([], windows({})),
    {},
    { zone: async () => "Etc/UTC" },
    "fail",
    /Etc\/UTC instead of Asia\/Shanghai/,
  ],
  ["no link", wslMachine([], windows({})), {}, { zone: async () => "" }, "fail", /no name/],
  [
    "staged",
    machine(),
    { timezone: "Europe/Berlin" },
    {},
    "pass",
    /Europe\/Berlin in the staged files; this system: Asia\/Shanghai/,
  ],
  ["unknown in the table", wslMachine([], windows({ timezone: "Mitteleuropa" })), {}, {}, "warn", /"Mitteleuropa"/],
  ["off", wslMachine([], windows({})), { timezone: "off" }, {}, "pass", /left alone/],
])("timezone: %s", async (_, facts, hostSync, changes, status, found) => {
  const { timezone } = await examine(facts, hostSync, changes);
  expect(timezone).toMatchObject({ status, found: expect.stringMatching(found) });
});

const corp = windows({ proxy: { http: "http://p:8080", https: "http://p:8080", bypass: "", pac: "" } });
const dead = { listens: async () => "connect ECONNREFUSED" };

test.each<[string, Facts, object, Partial<Look>, Check["status"], RegExp]>([
  ["none", machine(), {}, dead, "pass", /^none$/],
  ["Windows', listening", wslMachine([], corp), {}, {}, "pass", /^http:\/\/p:8080 \(from Windows\)$/],
  ["silent", wslMachine([], corp), {}, dead, "fail", /p:8080 does not answer \(connect ECONNREFUSED\)/],
  ["of the settings", machine(), { proxy: { https: "http://q:1" } }, {}, "pass", /from the settings/],
  [
    "of the shell, with a password",
    machine([], { proxy: { HTTPS_PROXY: "http://me:secret@e:1" } }),
    {},
    dead,
    "fail",
    /^(?!.*secret).*\*\*\*@e:1 \(from the environment\)/,
  ],
  [
    "a script alone",
    wslMachine([], windows({ proxy: { http: "", https: "", bypass: "", pac: "http://w/p.pac" } })),
    {},
    {},
    "warn",
    /PAC script/,
  ],
  ["settings without address", machine(), { proxy: {} }, {}, "fail", /neither http nor https/],
])("proxy: %s", async (_, facts, hostSync, changes, status, found) => {
  const { proxy } = await examine(facts, hostSync, changes);
  expect(proxy).toMatchObject({ status, found: expect.stringMatching(found) });
});

test("a real listener is reached, and one that has gone is not", async () => {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as { port: number };
  const facts = { ...plain, proxy: { HTTPS_PROXY: `http://127.0.0.1:${port}` } };
  expect((await examine(facts, {}, "real")).proxy.status).toBe("pass");
  await new Promise((closed) => server.close(closed));
  expect((await examine(facts, {}, "real")).proxy).toMatchObject({
    status: "fail",
    found: expect.stringContaining("ECONNREFUSED"),
  });
});

test("without settings there is nothing to check", async () => {
  const standinPatient = { settings: undefined } as unknown as Patient;
  const checks = await Promise.all(syncChecks(look).map(async (check) => await runCheck(check, standinPatient)));
  expect(checks.map(({ status }) => status)).toEqual(["skip", "skip", "skip"]);
});
