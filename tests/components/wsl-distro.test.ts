import { declareMachine } from "../../components/machine.ts";
import { WslDistro } from "../../components/wsl-distro.ts";
import { parseSettings } from "../../config/load.ts";
import { planStack } from "../../domain/plan.ts";
import { machine, wslMachine } from "../domain/machine.ts";
import { type StandInEngine, settled, startStandInEngine } from "./mocks.ts";

let engine: StandInEngine;
beforeEach(async () => {
  engine = await startStandInEngine(undefined);
});

const machinePlan = (wsl: object, facts = wslMachine()) =>
  planStack("dev", parseSettings({ wsl }), facts, { root: "/ws", home: "/home/ada" }).machine;

const values = {
  wslconfig: { wsl2: { memory: "8GB" } },
  wslConf: {
    boot: { systemd: "true" },
    automount: { enabled: "true", root: "/mnt/", options: '"metadata,uid=1000,gid=1000,umask=022"' },
  },
};

test("WslDistro: two files of which only our keys are ours", async () => {
  const { wsl } = machinePlan({ memory: "8GB" });
  if (wsl === undefined) throw new Error("the plan has a part for WSL");
  const component = new WslDistro("wsl", { plan: wsl });
  await settled(component.urn);
  expect(await settled(component.mode)).toBe("live");
  expect(await settled(component.effective)).toEqual(values);
  expect(component.paths.wslconfig && (await settled(component.paths.wslconfig))).toBe("/mnt/c/Users/ada/.wslconfig");
  expect(component.paths.wslConf && (await settled(component.paths.wslConf))).toBe("/etc/wsl.conf");
  expect(engine.declared.map(({ type, name }) => [type, name])).toEqual([
    ["workstation:components:WslDistro", "wsl"],
    ["workstation:index:ManagedFile", "wsl-wslconfig"],
    ["workstation:index:ManagedFile", "wsl-wslconf"],
  ]);
  expect(engine.only("workstation:index:ManagedFile").map(({ inputs }) => inputs)).toEqual([
    { path: "/mnt/c/Users/ada/.wslconfig", mode: "ini", values: values.wslconfig },
    { path: "/etc/wsl.conf", mode: "ini", values: values.wslConf },
  ]);
});

test("a file without keys is not declared, and nothing when it is switched off", async () => {
  declareMachine(machinePlan({}, machine()));
  declareMachine(machinePlan({ mode: "off", memory: "8GB" }));
  await new Promise(setImmediate);
  const own = engine.declared.filter(({ name }) => name.startsWith("wsl"));
  expect(own.map(({ name }) => name)).toEqual(["wsl", "wsl-wslconf"]);
  expect(own[1]?.inputs.path).toBe("/ws/.workstation/dev/machine/etc/wsl.conf");
});
