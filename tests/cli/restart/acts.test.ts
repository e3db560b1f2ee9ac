/** Restarting for real, on processes and programs that only stand in for what they are called. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../../../cli/context.ts";
import type { DockerApi } from "../../../cli/docker.ts";
import { machineActs, ownDaemon, startAgain, stopOwnDaemon } from "../../../cli/restart/acts.ts";
import { daemonKind, findPending } from "../../../cli/restart/pending.ts";
import { writeRecord } from "../../../cli/setup/record.ts";
import type { BlastRadius } from "../../../domain/restart/change.ts";
import { machine, wslMachine } from "../../domain/machine.ts";

const WINDOWS = join(__dirname, "../../standins/windows");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "restart-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: `${WINDOWS}:/usr/bin:/bin`,
  STANDIN_WINDOWS_LOG: join(folder, "log"),
  ...more,
});
const context = (more: NodeJS.ProcessEnv = {}): Context => ({ env: env(more), stateDir: folder }) as unknown as Context;
const remember = (pid: number): void => writeRecord(folder, { packages: [], daemon: { pid, log: "" } });

/** `tail` under another name: it waits, and ends when told to. */
async function standIn(name: string) {
  const file = join(folder, name);
  copyFileSync("/usr/bin/tail", file);
  const child = spawn(file, ["-f", "/dev/null"], { stdio: "ignore" });
  await once(child, "spawn");
  return child;
}

describe("a daemon without systemd", () => {
  test("is ended when set-up started it", async () => {
    const child = await standIn("dockerd");
    const ended = once(child, "exit");
    remember(child.pid ?? 0);
    expect(ownDaemon(folder)).toBe(child.pid);
    await stopOwnDaemon(folder);
    expect(await ended).toEqual([null, "SIGTERM"]);
    expect(ownDaemon(folder)).toBeUndefined();
  });

  test("of somebody else is left alone", async () => {
    const child = await standIn("dockerd");
    try {
      await expect(stopOwnDaemon(folder)).rejects.toThrow(/not started by `.\/workstation`/);
      expect(child.exitCode).toBeNull();
      expect(child.signalCode).toBeNull();
    } finally {
      child.kill();
      await once(child, "exit");
    }
  });

  test("a number that was given to another program is not ended", async () => {
    const child = await standIn("editor");
    try {
      remember(child.pid ?? 0);
      await expect(stopOwnDaemon(folder)).rejects.toThrow(/not started by `.\/workstation`/);
      expect(child.signalCode).toBeNull();
    } finally {
      child.kill();
      await once(child, "exit");
    }
  });
});

test.each([
  ["desktop", "unix:///var/run/docker.sock", "desktop"],
  ["engine", "tcp://build.example:2376", "remote"],
  ["engine", "ssh://build.example", "remote"],
  ["engine", "unix:///run/user/1000/docker.sock", "others"],
] as const)("%s at %s is a daemon of: %s", async (flavour, host, kind) => {
  const facts = machine();
  expect(await daemonKind(context(), host, { docker: { ...facts.docker, flavour } })).toBe(kind);
});

test("wsl.exe gets its words as they are; its failure is told", async () => {
  const docker = {} as DockerApi;
  await machineActs(context(), docker, "others").wsl(["--terminate", "My Debian"]);
  expect(readFileSync(join(folder, "log"), "utf8")).toBe("wsl.exe --terminate My Debian\n");
  await expect(
    machineActs(context({ STANDIN_WINDOWS: "exit1" }), docker, "others").wsl(["--shutdown"]),
  ).rejects.toThrow("wsl.exe --shutdown ended with code 1");
});

test("what ended with the daemon and did not come back by itself is started again", async () => {
  const container = (Id: string) => ({ Id, Names: [`/${Id}`], State: "running", Labels: {} });
  const asked: string[] = [];
  const said: string[] = [];
  const docker = {
    get: async (path: string) =>
      path === "/containers/json" ? [container("policy")] : path.includes("removed") ? undefined : {},
    post: async (path: string) => {
      asked.push(path);
      if (path.includes("broken")) throw new Error("port is taken");
      return "";
    },
  } as unknown as DockerApi;
  const ran = ["policy", "plain", "removed", "broken", "last"].map(container);
  await startAgain({ line: (text) => void said.push(text) }, docker, ran);
  expect(asked).toEqual(["/containers/plain/start", "/containers/broken/start", "/containers/last/start"]);
  expect(said).toEqual([
    "Started container plain again.",
    expect.stringMatching(/^Container removed ended .* removed/),
    expect.stringMatching(/^Container broken ended .* does not start again: port is taken$/),
    "Started container last again.",
  ]);
});

describe("what waits on this machine", () => {
  const listed = [
    { Id: "1", Names: ["/gows-me-shop"], State: "running", Labels: { "io.go-workstation.stack": "me" } },
    { Id: "2", Names: ["/database"], State: "running", Labels: {} },
  ];
  const docker = (containers: unknown) =>
    ({ endpoint: { host: "unix:///somewhere/docker.sock" }, get: async () => containers }) as unknown as DockerApi;
  const change = (needs: BlastRadius) => ({
    resource: "wsl-wslconfig",
    field: "wsl2.memory",
    wanted: "1",
    running: "0",
    needs,
  });
  const find = (needs: BlastRadius[], more: NodeJS.ProcessEnv = {}) =>
    findPending(context(more), docker(listed), "me", needs.map(change), wslMachine());

  test("nothing: nobody is asked", async () => {
    const refuse = { get: () => Promise.reject(new Error("asked")) } as unknown as DockerApi;
    expect((await findPending(context(), refuse, "me", [], machine())).steps).toEqual([]);
  });

  test("names everybody's containers and the distributions that run", async () => {
    const { steps } = await find(["wsl-shutdown"]);
    expect(steps).toHaveLength(1);
    expect(steps[0]?.stops.filter((one) => one.startsWith("container"))).toEqual([
      "container database",
      "container gows-me-shop",
    ]);
    const running = readFileSync(join(WINDOWS, "recorded/wsl-running.txt"), "utf8").trim().split(/\r?\n/);
    expect(steps[0]?.stops.filter((one) => one.startsWith("distribution"))).toEqual(
      running.map((name) => `distribution ${name}`).sort(),
    );
  });

  test("a Windows that does not answer: the plan is told all the same", async () => {
    const { steps } = await find(["wsl-shutdown"], { STANDIN_WINDOWS: "exit1" });
    expect(steps[0]?.stops[0]).toBe("every WSL distribution");
  });

  test("a new container is for the stack's own", async () => {
    expect((await find(["container-recreate"])).steps[0]?.stops).toEqual(["container gows-me-shop"]);
  });
});
