import type { BlastRadius, PendingChange } from "../../../domain/restart/change.ts";
import { planRestarts, restartLines } from "../../../domain/restart/plan.ts";

const change = (needs: BlastRadius, field = needs as string, resource = "wsl-wslconf"): PendingChange => ({
  resource,
  field,
  wanted: "1",
  running: "0",
  needs,
});
const plan = (changes: PendingChange[], liveRestore = false) =>
  planRestarts({ changes, containers: ["b", "a"], distribution: "Debian", liveRestore });

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
      stops: ["every WSL distribution", "container a", "container b"],
      command: "wsl.exe --shutdown",
      where: "windows",
    },
  ]);
});

test("a daemon that restores live stops no container", () => {
  expect(plan([change("dockerd-restart")])[0]?.stops).toEqual(["container a", "container b"]);
  expect(plan([change("dockerd-restart")], true)[0]?.stops).toEqual([]);
});

test("terminating is for this distribution, from a window of Windows", () => {
  expect(restartLines(plan([change("wsl-terminate")]))).toEqual([
    "wsl.exe --terminate Debian   (in a window of Windows)",
    "    takes effect: wsl-wslconf: wsl-terminate",
    "    stops: distribution Debian, container a, container b",
  ]);
});
