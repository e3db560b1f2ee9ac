/** Doctor's checks of WSL, on facts of machines. */
import { runCheck } from "../../../cli/commands/doctor.ts";
import type { Check } from "../../../cli/doctor/checks.ts";
import type { Patient } from "../../../cli/doctor/patient.ts";
import { wslChecks } from "../../../cli/doctor/wsl.ts";
import { parseSettings } from "../../../config/load.ts";
import type { Facts } from "../../../domain/facts.ts";
import { folder, machine, windowsDrive, wslMachine } from "../../domain/machine.ts";

async function examine(facts: Facts, wsl: object = {}): Promise<Record<string, Check>> {
  const standinPatient = { settings: parseSettings({ wsl }), facts: async () => facts } as unknown as Patient;
  const checks = await Promise.all(wslChecks.map(async (check) => await runCheck(check, standinPatient)));
  return Object.fromEntries(checks.map((check) => [check.id, check]));
}

const statuses = (checks: Record<string, Check>) =>
  Object.fromEntries(Object.values(checks).map(({ id, status }) => [id, status]));

const running = (changes: Partial<Facts["machine"]>, facts = wslMachine()): Facts => ({
  ...facts,
  machine: { ...facts.machine, ...changes },
});
const version1 = {
  filesystem: "tmpfs",
  controllers: [],
  memoryMin: false,
  hierarchy: "legacy",
} satisfies Facts["machine"]["cgroup"];

test("a WSL machine in order passes all", async () => {
  expect(statuses(await examine(wslMachine()))).toEqual({
    cgroup: "pass",
    mounts: "pass",
    "mnt-projects": "pass",
    "wsl-version": "pass",
    "wsl-policy": "pass",
  });
});

test("plain Linux: what is WSL's is skipped, version 1 is a warning", async () => {
  expect(statuses(await examine(running({ cgroup: version1 }, machine())))).toEqual({
    cgroup: "warn",
    mounts: "skip",
    "mnt-projects": "pass",
    "wsl-version": "skip",
    "wsl-policy": "skip",
  });
});

test("without settings everything is skipped", async () => {
  const standinPatient = { settings: "Pulumi.me.yaml:3: unknown" } as unknown as Patient;
  for (const check of wslChecks) expect((await runCheck(check, standinPatient)).status).toBe("skip");
});

const windowsWithoutBuild = (): Facts["windows"] => {
  const { build: _, ...windows } = wslMachine().windows;
  return windows;
};

test.each<[string, Facts, object, string, Check["status"], RegExp, RegExp]>([
  ["version 1", running({ cgroup: version1 }), {}, "cgroup", "fail", /at \/sys\/fs\/cgroup: tmpfs/, /cgroup_no_v1=all/],
  [
    "no systemd",
    running({ init: "other", cgroup: { ...wslMachine().machine.cgroup, hierarchy: "" } }),
    {},
    "cgroup",
    "fail",
    /^systemd's hierarchy: systemd does not run$/,
    /wsl\.distro\.systemd/,
  ],
  ["no metadata", running({ mounts: [windowsDrive("d", [])] }), {}, "mounts", "warn", /metadata: \/mnt\/d/, /up/],
  [
    "no metadata, as wanted",
    running({ mounts: [windowsDrive("d", [])] }),
    { distro: { automount: { metadata: false } } },
    "mounts",
    "pass",
    /\/mnt\/d \(9p\)/,
    /up/,
  ],
  ["no drives", running({ mounts: [] }), {}, "mounts", "warn", /no Windows drive/, /up/],
  [
    "virtiofs",
    running({ mounts: [{ ...windowsDrive("c", []), type: "virtiofs" }] }),
    {},
    "mounts",
    "pass",
    /does not show its options/,
    /up/,
  ],
  [
    "a project on a drive",
    wslMachine([folder("/mnt/c/shop"), folder("/home/ada/x")]),
    {},
    "mnt-projects",
    "warn",
    /events: \/mnt\/c\/shop$/,
    /"remote\.WSL\.fileWatcher\.polling": true/,
  ],
  [
    "an old WSL",
    { ...wslMachine(), wsl: { ...wslMachine().wsl, version: "1.2.5.0" } },
    { firewall: true },
    "wsl-version",
    "fail",
    /^WSL 1\.2\.5\.0: wsl\.firewall: needs WSL 2\.0\.0/,
    /--update/,
  ],
  [
    "a Windows that does not say what it is",
    { ...wslMachine(), windows: windowsWithoutBuild() },
    { networkingMode: "mirrored" },
    "wsl-version",
    "warn",
    /not checked: wsl\.networkingMode \(Windows 11 22H2\)/,
    /--update/,
  ],
  [
    "a policy in the way",
    {
      ...wslMachine(),
      wsl: { ...wslMachine().wsl, policy: { AllowWSL1: "0", AllowKernelCommandLineUserSetting: "0" } },
    },
    { kernelCommandLine: "quiet" },
    "wsl-policy",
    "warn",
    /AllowKernelCommandLineUserSetting=0, AllowWSL1=0; ignored for it: wsl\.kernelCommandLine/,
    /manages this machine/,
  ],
  [
    "a policy that is in nobody's way",
    { ...wslMachine(), wsl: { ...wslMachine().wsl, policy: { AllowWSL1: "0" } } },
    {},
    "wsl-policy",
    "pass",
    /^AllowWSL1=0$/,
    /manages/,
  ],
  [
    "policies that cannot be read",
    { ...wslMachine(), windows: { ...wslMachine().windows, reachable: false, error: "powershell.exe is missing" } },
    {},
    "wsl-policy",
    "warn",
    /powershell\.exe is missing/,
    /interop/,
  ],
])("%s", async (_, facts, wsl, id, status, found, fix) => {
  expect((await examine(facts, wsl))[id]).toMatchObject({
    status,
    found: expect.stringMatching(found),
    fix: expect.stringMatching(fix),
  });
});
