/**
 * Time zone, clock and proxy follow a Windows that is a stand-in (tests/standins/windows), on the real engine and with a
 * real container. Staged, so that nothing of this machine is changed.
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { copyFile, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { type StandInWindows, standInWindows, userProxy } from "../standins/windows/answers.ts";
import { Workbench } from "./support/workbench.ts";

const minutes = 60_000;
const run = promisify(execFile);
let bench: Workbench;
let windows: StandInWindows;

/** Stand-in for a company's proxy: answers every request itself and remembers what it was asked for. */
const asked: string[] = [];
const standInProxy = createServer((request, response) => {
  asked.push(request.url ?? "");
  response.end("through the proxy");
});
let address: string;

beforeAll(async () => {
  bench = await Workbench.open();
  // Where containers find this machine.
  const gateway = await bench.docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}");
  await new Promise<void>((ready) => standInProxy.listen(0, gateway, ready));
  address = `${gateway}:${(standInProxy.address() as AddressInfo).port}`;
  windows = standInWindows({
    timezone: "China Standard Time",
    proxy: userProxy(address, "*.corp.example;10.*"),
  });
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]) {
    delete bench.environment[name];
    delete bench.environment[name.toLowerCase()];
  }
  Object.assign(bench.environment, windows.env);
  await copyFile(join(bench.checkout, "Pulumi.dev.yaml"), bench.stackFile);
  await bench.configure(["go-workstation:wsl"], { mode: "off" });
  // Its modules would have to come through that proxy.
  await bench.configure(["go-workstation:smokeTest"], { enabled: false });
}, 5 * minutes);

afterAll(async () => {
  windows?.remove();
  await new Promise((closed) => standInProxy.close(closed));
  await bench?.close();
}, 2 * minutes);

const staged = (file: string): string => join(bench.checkout, ".workstation", bench.stack, "machine", file);
const environment = async (): Promise<string[]> =>
  (await bench.docker("inspect", "--format", '{{join .Config.Env "\\n"}}', `gows-${bench.stack}-hello`)).split("\n");
const direct = "localhost,127.0.0.0/8,127.0.0.1,::1";

test(
  "what Windows says stands in the staged files and in the container",
  async () => {
    await bench.succeed("up", "--yes");
    expect(readlinkSync(staged("etc/localtime"))).toBe("/usr/share/zoneinfo/Asia/Shanghai");
    expect(readFileSync(staged("etc/timezone"), "utf8")).toBe("Asia/Shanghai\n");
    expect(readFileSync(staged("etc/workstation/proxy.env"), "utf8")).toContain(
      `\nHTTPS_PROXY=http://${address}\nNO_PROXY=${direct},.corp.example,10.0.0.0/8\n`,
    );
    expect(existsSync(staged("etc/systemd/system/go-workstation-clock.timer"))).toBe(true);
    expect(await environment()).toEqual(
      expect.arrayContaining([
        `https_proxy=http://${address}`,
        `NO_PROXY=${direct},.gows-${bench.stack},.corp.example,10.0.0.0/8`,
      ]),
    );
    expect(await bench.drift()).toMatchObject({ code: 0, report: { drifted: [] } });
  },
  45 * minutes,
);

test(
  "programs in the container go through it, and not where Windows makes an exception",
  async () => {
    const curl = (url: string) => bench.workstation("exec", "hello", "--", "curl", "-sS", "--max-time", "5", url);
    expect((await curl("http://somewhere.example/a")).stdout).toBe("through the proxy");
    expect((await curl("http://inside.corp.example/b")).stderr).toContain("Could not resolve host");
    // Whoever answers there, or nobody: it was not the proxy.
    expect((await curl("http://10.255.255.1/c")).stdout).not.toBe("through the proxy");
    expect(asked).toEqual(["http://somewhere.example/a"]);
  },
  2 * minutes,
);

test("a login shell goes through it too", async () => {
  const file = staged("etc/workstation/proxy.env");
  const profile = (await readFile(staged("etc/profile.d/go-workstation-proxy.sh"), "utf8")).replaceAll(
    "/etc/workstation/proxy.env",
    file,
  );
  const { stdout } = await run("sh", ["-c", `${profile}curl -sS --max-time 5 http://elsewhere.example/d`], {
    env: { PATH: process.env.PATH },
  });
  expect(stdout).toBe("through the proxy");
});

test(
  "a zone set by hand is drift, and repaired",
  async () => {
    await rm(staged("etc/localtime"));
    await symlink("/usr/share/zoneinfo/Etc/UTC", staged("etc/localtime"));
    await writeFile(staged("etc/profile.d/go-workstation-proxy.sh"), "");
    const { report } = await bench.drift();
    expect(report.drifted.map(({ name, fields }) => [name, fields]).sort()).toEqual([
      ["proxy-profile", ["content"]],
      ["time-zone", ["zone"]],
    ]);
    await bench.succeed("up", "--yes");
    expect(readlinkSync(staged("etc/localtime"))).toBe("/usr/share/zoneinfo/Asia/Shanghai");
    expect(await bench.drift()).toMatchObject({ code: 0, report: { drifted: [] } });
  },
  10 * minutes,
);

test(
  "a PowerShell that fails takes nothing away",
  async () => {
    bench.environment.STANDIN_WINDOWS = "exit1";
    const up = await bench.succeed("up", "--yes");
    expect(`${up.stdout}${up.stderr}`).toMatch(/Windows cannot be asked now: .*exit 1.*stays as it was told on/);
    expect(existsSync(staged("etc/workstation/proxy.env"))).toBe(true);
    expect(readlinkSync(staged("etc/localtime"))).toBe("/usr/share/zoneinfo/Asia/Shanghai");
    delete bench.environment.STANDIN_WINDOWS;
  },
  10 * minutes,
);

test(
  "Windows drops its proxy and moves: the files go, the container is made without, the zone follows",
  async () => {
    windows.answer({ timezone: "Tokyo Standard Time" });
    await bench.succeed("up", "--yes");
    expect(existsSync(staged("etc/workstation"))).toBe(false);
    expect(existsSync(staged("etc/profile.d"))).toBe(false);
    expect(readlinkSync(staged("etc/localtime"))).toBe("/usr/share/zoneinfo/Asia/Tokyo");
    expect((await environment()).filter((entry) => /^(https?|no)_proxy=/i.test(entry))).toEqual([]);
    expect(await bench.drift()).toMatchObject({ code: 0, report: { drifted: [] } });
  },
  10 * minutes,
);

test(
  "destroy leaves nothing of it",
  async () => {
    await bench.succeed("destroy", "--yes");
    expect(existsSync(staged("etc/localtime"))).toBe(false);
    expect(existsSync(staged("etc/timezone"))).toBe(false);
    expect(existsSync(staged("usr"))).toBe(false);
    expect(existsSync(staged("etc/systemd"))).toBe(false);
  },
  10 * minutes,
);
