import type { BlastRadius, PendingChange } from "../../../domain/restart/change.ts";
import { type DaemonKind, planRestarts, type RestartQuestion, restartLines } from "../../../domain/restart/plan.ts";

const change = (needs: BlastRadius, field = needs as string, resource = "wsl-wslconf"): PendingChange => ({
  resource,
  field,
  wanted: "1",
  running: "0",
  needs,
});
const plan = (changes: PendingChange[], more: Partial<RestartQuestion> = {}) =>
  planRestarts({
    changes,
    daemon: "systemd",
    containers: ["b", "other", "a"],
    own: ["b", "a"],
    distribution: "Debian",
    distributions: [],
    interop: true,
    liveRestore: false,
    ...more,
  });

test.each<[string, BlastRadius[], BlastRadius[]]>([
  ["nothing", [], []],
  ["what runs already", ["none"], []],
  ["each by itself, smallest first", ["dockerd-restart", "new-shell"], ["new-shell", "dockerd-restart"]],
  ["terminating ends shells and the daemon", ["new-shell", "dockerd-restart", "wsl-terminate"], ["wsl-terminate"]],
  ["shutting down ends each distribution", ["wsl-terminate", "wsl-shutdown", "dockerd-restart"], ["wsl-shutdown"]],
  ["a reboot is enough", ["wsl-shutdown", "reboot", "new-shell"], ["reboot"]],
  [
    "a container that has to be another one",
    ["wsl-shutdown", "container-recreate"],
    ["container-recreate", "wsl-shutdown"],
  ],
])("%s", (_name, needs, steps) => {
  expect(plan(needs.map((one) => change(one))).map((step) => step.needs)).toEqual(steps);
});

test("a step names everything that takes effect by it, once and in order", () => {
  const steps = plan([
    change("wsl-shutdown", "memory", "wsl-wslconfig"),
    change("wsl-terminate", "boot.systemd"),
    change("wsl-terminate", "boot.systemd"),
  ]);
  expect(steps).toEqual([
    {
      needs: "wsl-shutdown",
      takesEffect: ["wsl-wslconf: boot.systemd", "wsl-wslconfig: memory"],
      stops: ["every WSL distribution", "container a", "container b", "container other"],
      command: "wsl.exe --shutdown",
      where: "windows",
      by: "us",
      wsl: ["--shutdown"],
    },
  ]);
});

test("a daemon that restores live stops no container, and says so", () => {
  const [plain] = plan([change("dockerd-restart")]);
  expect(plain?.stops).toEqual(["container a", "container b", "container other"]);
  expect(plain?.note).toBeUndefined();
  expect(restartLines(plan([change("dockerd-restart")], { liveRestore: true }))).toEqual([
    "systemctl restart docker",
    "    takes effect: wsl-wslconf: dockerd-restart",
    "    stops: nothing",
    "    live-restore keeps running: a, b, other",
  ]);
});

test("terminating is for this distribution, from a window of Windows", () => {
  expect(restartLines(plan([change("wsl-terminate")]))).toEqual([
    "wsl.exe --terminate Debian   (in a window of Windows)",
    "    takes effect: wsl-wslconf: wsl-terminate",
    "    stops: distribution Debian, container a, container b, container other",
  ]);
});

test("a new container stops those of the stack only", () => {
  expect(plan([change("container-recreate")])[0]?.stops).toEqual(["container a", "container b"]);
});

test.each<[DaemonKind, string, string]>([
  ["systemd", "us", "systemctl restart docker"],
  ["ours", "us", "./workstation up --restart"],
  ["others", "you", "restart the Docker daemon the way it was started"],
  ["desktop", "you", "restart Docker Desktop"],
  ["remote", "you", "restart the Docker daemon on its own machine"],
])("a daemon of %s is restarted by %s", (daemon, by, command) => {
  expect(plan([change("dockerd-restart")], { daemon })).toEqual([expect.objectContaining({ by, command })]);
});

test.each<[DaemonKind, BlastRadius, BlastRadius[], boolean]>([
  ["others", "wsl-terminate", ["wsl-terminate"], true],
  ["desktop", "wsl-terminate", ["dockerd-restart", "wsl-terminate"], false],
  ["desktop", "wsl-shutdown", ["wsl-shutdown"], true],
  ["remote", "wsl-shutdown", ["dockerd-restart", "wsl-shutdown"], false],
])("a daemon of %s and %s: %j", (daemon, needs, steps, stops) => {
  const found = plan([change("dockerd-restart"), change(needs)], { daemon });
  expect(found.map((step) => step.needs)).toEqual(steps);
  expect(found.at(-1)?.stops.includes("container a")).toBe(stops);
});

test("a name with spaces is one word", () => {
  const [step] = plan([change("wsl-terminate")], { distribution: "My Debian" });
  expect(step).toMatchObject({ command: 'wsl.exe --terminate "My Debian"', wsl: ["--terminate", "My Debian"] });
});

test.each<[string, BlastRadius, Partial<RestartQuestion>]>([
  ["without a name of the distribution", "wsl-terminate", { distribution: "" }],
  ["without interop", "wsl-terminate", { interop: false }],
  ["without interop", "wsl-shutdown", { interop: false }],
  ["a reboot", "reboot", {}],
])("%s, %s is for a person to do", (_name, needs, more) => {
  const [step] = plan([change(needs)], more);
  expect(step).toMatchObject({ by: "you", where: "windows" });
  expect(step).not.toHaveProperty("wsl");
});

test("shutting down names the distributions that run", () => {
  const [step] = plan([change("wsl-shutdown")], { containers: [], distributions: ["Ubuntu", "Debian"] });
  expect(step?.stops).toEqual(["distribution Debian", "distribution Ubuntu"]);
});
