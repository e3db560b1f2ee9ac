import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { machineHost } from "../../../provider/host.ts";
import { systemdUnit } from "../../../provider/resources/systemd-unit.ts";
import { unitVerbs } from "../../../provider/systemd.ts";
import { type Scratch, scratch } from "../scratch.ts";

const none = new Set<string>();
const TIMER = "go-workstation-clock.timer";
let machine: Scratch;

/** Stand-in: remembers what is enabled in a file, and writes down what it was told. */
const SYSTEMCTL = `#!/bin/sh
# Stand-in for systemctl.
echo "$*" >>"$LOG"
[ -z "\${DENIED:-}" ] || { echo "Access denied" >&2; exit 1; }
case "$*" in
  *daemon-reload) rm -f "$LOG.stale" ;;
  *able\\ --now*) case "$*" in *disable*) rm -f "$LOG.on" ;; *) : >"$LOG.on" ;; esac ;;
  show*)
    if [ -e "$LOG.on" ]; then printf 'UnitFileState=enabled\\nActiveState=active\\n'; else printf 'UnitFileState=\\nActiveState=inactive\\n'; fi
    if [ -e "$LOG.stale" ]; then echo NeedDaemonReload=yes; else echo NeedDaemonReload=no; fi
    ;;
esac
`;
const host = (uid = 0, env: Record<string, string> = {}) =>
  machineHost({
    root: machine.root,
    user: { ...machine.host.user, uid },
    env: { ...machine.host.env, PATH: `${machine.real("/bin")}:/usr/bin:/bin`, LOG: machine.real("/log"), ...env },
  });
const told = () => {
  const lines = readFileSync(machine.real("/log"), "utf8").trim().split("\n");
  rmSync(machine.real("/log"));
  return lines.filter((line) => !line.startsWith("show"));
};

beforeEach(() => {
  machine = scratch();
  mkdirSync(machine.real("/bin"));
  writeFileSync(path.join(machine.real("/bin"), "systemctl"), SYSTEMCTL);
  chmodSync(path.join(machine.real("/bin"), "systemctl"), 0o755);
});
afterEach(() => machine.remove());

const timer = { unit: TIMER, mode: "enabled" as const, digest: "a" };
const changedOf = async (id: string, outputs: never, news: object) => {
  const read = await systemdUnit.read(host(), id, outputs);
  return read && (await systemdUnit.diff(host(), read.outputs, news as never, none)).changed;
};

test("a timer: read, enabled, started; disabled on delete", async () => {
  const { id, outputs } = await systemdUnit.create(host(), timer, () => {});
  expect(id).toBe(`enabled:${TIMER}`);
  expect(told()).toEqual(["--no-ask-password daemon-reload", `--no-ask-password enable --now -- ${TIMER}`]);
  expect(await changedOf(id, outputs as never, timer)).toEqual([]);
  expect(await changedOf(id, outputs as never, { ...timer, digest: "b" })).toEqual(["digest"]);
  await systemdUnit.delete(host(), id, outputs);
  expect(told()).toEqual([`--no-ask-password disable --now -- ${TIMER}`]);
  await systemdUnit.delete(host(), id, outputs);
  expect(told()).toEqual([]);
});

test("disabled by hand is drift, and repaired", async () => {
  const { id, outputs } = await systemdUnit.create(host(), timer, () => {});
  rmSync(machine.real("/log.on"));
  expect(await changedOf(id, outputs as never, timer)).toEqual(["mode"]);
  await systemdUnit.update(host(), id, outputs, timer, () => {});
  expect(await changedOf(id, outputs as never, timer)).toEqual([]);
});

test("a drop-in: systemd reads it, nothing is started, and old files are drift", async () => {
  const docker = { unit: "docker.service", mode: "loaded" as const, digest: "a" };
  const { id, outputs } = await systemdUnit.create(host(), docker, () => {});
  expect(told()).toEqual(["--no-ask-password daemon-reload"]);
  writeFileSync(machine.real("/log.stale"), "");
  expect(await changedOf(id, outputs as never, docker)).toEqual(["mode"]);
  await systemdUnit.update(host(), id, outputs, docker, () => {});
  expect(await changedOf(id, outputs as never, docker)).toEqual([]);
  told();
  await systemdUnit.delete(host(), id, outputs);
  expect(() => told()).toThrow("ENOENT");
});

test("forgotten: nothing but a reload on delete", async () => {
  const docker = { unit: "docker.service", mode: "forgotten" as const, digest: "" };
  const { id, outputs } = await systemdUnit.create(host(), docker, () => {});
  expect(await changedOf(id, outputs as never, docker)).toEqual([]);
  await systemdUnit.delete(host(), id, outputs);
  expect(told()).toEqual(["--no-ask-password daemon-reload"]);
});

test("an ordinary user goes through the helper of the run", async () => {
  const asked: string[] = [];
  const note = (name: string) => async (unit?: string) => void asked.push([name, unit].filter(Boolean).join(" "));
  const privileged = { reloadUnits: note("reload"), enableUnit: note("enable"), disableUnit: note("disable") };
  const verbs = unitVerbs({ ...host(1000), privileged });
  await verbs.reloadUnits();
  await verbs.enableUnit(TIMER);
  await verbs.disableUnit(TIMER);
  expect(asked).toEqual(["reload", `enable ${TIMER}`, `disable ${TIMER}`]);
});

test("without the helper the message says what to run", async () => {
  await expect(systemdUnit.create(host(1000, { DENIED: "1" }), timer, () => {})).rejects.toThrow(
    /told by root only\. Run `\.\/workstation up`.*Access denied/,
  );
  await expect(systemdUnit.create(host(0, { DENIED: "1" }), timer, () => {})).rejects.toThrow(
    /^`systemctl.*Access denied/,
  );
});

test.each<[object, string]>([
  [{ unit: "../x.service", mode: "loaded" }, "unit"],
  [{ unit: "x", mode: "loaded" }, "unit"],
  [{ unit: "-x;y.timer", mode: "loaded" }, "unit"],
  [{ unit: TIMER, mode: "on" }, "mode"],
])("%j is refused", async (news, property) => {
  const { failures } = await systemdUnit.check(host(), news, none);
  expect(failures.map((failure) => failure.property)).toEqual([property]);
});

test("another unit or mode is another resource; import by its id", async () => {
  const { outputs } = await systemdUnit.create(host(), timer, () => {});
  for (const news of [
    { ...timer, unit: "b.timer" },
    { ...timer, mode: "loaded" as const },
  ])
    expect((await systemdUnit.diff(host(), outputs, news, none)).replaces).toHaveLength(1);
  expect((await systemdUnit.read(host(), `enabled:${TIMER}`, undefined))?.inputs).toEqual({ ...timer, digest: "" });
  await expect(systemdUnit.read(host(), "docker.service", undefined)).rejects.toThrow("MODE:UNIT");
});
