import { HostSync } from "../../components/host-sync.ts";
import { ProxySync } from "../../components/proxy-sync.ts";
import { TimeSync } from "../../components/time-sync.ts";
import { parseSettings } from "../../config/load.ts";
import { planProxy } from "../../domain/sync/proxy.ts";
import { planRoots } from "../../domain/sync/roots.ts";
import { planTime } from "../../domain/sync/time.ts";
import { machine } from "../domain/machine.ts";
import { type StandInEngine, settled, startStandInEngine } from "./mocks.ts";

let engine: StandInEngine;
beforeEach(async () => {
  engine = await startStandInEngine(undefined);
});

const bare = machine();
const question = (mode: "live" | "staged") => ({
  stack: "dev",
  root: "/ws",
  settings: parseSettings({ hostSync: { mode, timezone: "Asia/Shanghai", proxy: { https: "http://p:1" } } }),
  facts: machine([], { system: { ...bare.system, kind: "wsl" } }),
});
const named = () => engine.declared.map(({ type, name }) => [type.split(":").at(-1), name]).sort();
function there<T>(plan: T | undefined): T {
  if (plan === undefined) throw new Error("nothing is planned");
  return plan;
}

test("TimeSync, live: zone, script, units, and the timer switched on", async () => {
  const time = new TimeSync("time", there(planTime(question("live"))));
  await settled(time.urn);
  expect(time.zone && (await settled(time.zone))).toBe("Asia/Shanghai");
  expect(await Promise.all(time.clockFiles.map(settled))).toHaveLength(3);
  expect(time.timer && (await settled(time.timer))).toBe("go-workstation-clock.timer");
  expect(named()).toEqual([
    ["ManagedFile", "time-clock-script"],
    ["ManagedFile", "time-clock-service"],
    ["ManagedFile", "time-clock-timer"],
    ["SystemdUnit", "time-clock-enabled"],
    ["TimeSync", "time"],
    ["Timezone", "time-zone"],
  ]);
  expect(engine.only("workstation:index:Timezone")[0]?.inputs).toEqual({ zone: "Asia/Shanghai", root: "/" });
  expect(engine.only("workstation:index:SystemdUnit").map(({ inputs }) => inputs)).toEqual([
    { unit: "go-workstation-clock.timer", mode: "enabled", digest: expect.any(String) },
  ]);
});

test("TimeSync, staged: the same files, and systemd is not told", async () => {
  const time = new TimeSync("time", there(planTime(question("staged"))));
  await Promise.all([settled(time.urn), ...time.clockFiles.map(settled)]);
  expect(engine.only("workstation:index:ManagedFile").map(({ inputs }) => inputs.path)).toEqual([
    "/ws/.workstation/dev/machine/usr/local/lib/go-workstation/clock",
    "/ws/.workstation/dev/machine/etc/systemd/system/go-workstation-clock.service",
    "/ws/.workstation/dev/machine/etc/systemd/system/go-workstation-clock.timer",
  ]);
  expect(engine.only("workstation:index:SystemdUnit")).toEqual([]);
});

test("ProxySync, live: values, profile, drop-in, and systemd told before and after", async () => {
  const proxy = new ProxySync("proxy", there(planProxy(question("live"))));
  await Promise.all([settled(proxy.urn), ...proxy.paths.map(settled)]);
  expect(proxy.unit && (await settled(proxy.unit))).toBe("docker.service");
  expect(named()).toEqual([
    ["ManagedFile", "proxy-dockerd"],
    ["ManagedFile", "proxy-env"],
    ["ManagedFile", "proxy-profile"],
    ["ProxySync", "proxy"],
    ["SystemdUnit", "proxy-forgotten"],
    ["SystemdUnit", "proxy-loaded"],
  ]);
  expect(engine.only("workstation:index:SystemdUnit").map(({ inputs }) => [inputs.unit, inputs.mode])).toEqual([
    ["docker.service", "forgotten"],
    ["docker.service", "loaded"],
  ]);
});

test("ProxySync, staged: systemd is not told", async () => {
  const proxy = new ProxySync("proxy", there(planProxy(question("staged"))));
  await Promise.all([settled(proxy.urn), ...proxy.paths.map(settled)]);
  expect(engine.only("workstation:index:SystemdUnit")).toEqual([]);
  expect(engine.only("workstation:index:ManagedFile")).toHaveLength(3);
});

test("HostSync: roots of the team in the store, and a script for login shells", async () => {
  const { roots } = planRoots({
    ...question("live"),
    home: "/home/ada",
    tools: [],
    absolute: (path) => path,
    facts: machine([], {
      rootFiles: [
        {
          path: "/team.pem",
          problem: "",
          roots: [
            { fingerprint: "a", subject: "CN=a", notAfter: "2030", serverAuth: true, disallowed: false, pem: "pem a" },
          ],
        },
      ],
    }),
  });
  const host = new HostSync("host", { roots });
  await settled(there(host.trust).profile);
  expect(named()).toEqual([
    ["HostSync", "host"],
    ["ManagedFile", "trust-profile"],
    ["TrustAnchors", "trust-anchors"],
    ["TrustSync", "trust"],
  ]);
  expect(engine.only("workstation:index:TrustAnchors")[0]?.inputs).toEqual({
    certificates: ["pem a"],
    owner: "dev",
    root: "",
  });
  expect(engine.only("workstation:index:ManagedFile")[0]?.inputs.path).toBe("/etc/profile.d/go-workstation-trust.sh");
});
