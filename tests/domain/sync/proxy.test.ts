import { parseSettings } from "../../../config/load.ts";
import type { Facts } from "../../../domain/facts.ts";
import { planProxy } from "../../../domain/sync/proxy.ts";
import { machine } from "../machine.ts";

const wsl: Partial<Facts> = { system: { kind: "wsl", distribution: "ubuntu", codename: "noble", arch: "amd64" } };
const bare = machine();
const windows: Partial<Facts> = {
  windows: {
    ...bare.windows,
    reachable: true,
    proxy: { http: "http://p:1", https: "http://p:1", bypass: "x", pac: "" },
  },
};
const dockerd = (http: string, noProxy: string, more: Partial<Facts["docker"]> = {}): Partial<Facts> => ({
  docker: { ...bare.docker, proxy: { http, https: http, noProxy }, ...more },
});
const direct = "localhost,127.0.0.0/8,127.0.0.1,::1,x";
const inShell = { HTTP_PROXY: "http://p:1", HTTPS_PROXY: "http://p:1", NO_PROXY: direct };
const plan = (hostSync: object, ...changes: Partial<Facts>[]) =>
  planProxy({
    stack: "dev",
    root: "/ws",
    settings: parseSettings({ hostSync }),
    facts: machine([], Object.assign({}, ...changes)),
  });

test("three files, and systemd is told", () => {
  const found = plan({}, wsl, windows, dockerd("http://p:1", direct), { proxy: inShell, proxyIsOurs: true });
  expect(found?.files.map(({ name, path, permissions }) => [name, path, permissions])).toEqual([
    ["env", "/etc/workstation/proxy.env", "0644"],
    ["profile", "/etc/profile.d/go-workstation-proxy.sh", "0644"],
    ["dockerd", "/etc/systemd/system/docker.service.d/go-workstation-proxy.conf", "0644"],
  ]);
  expect(found?.unit).toBe("docker.service");
  expect(found).toMatchObject({ pending: [], warnings: [], problems: [] });
});

test("staged: the same files below the staging folder, nothing is told and nothing is pending", () => {
  const found = plan({}, windows, dockerd("", ""), { proxyIsOurs: false });
  expect(found?.files.map(({ path }) => path)).toEqual([
    "/ws/.workstation/dev/machine/etc/workstation/proxy.env",
    "/ws/.workstation/dev/machine/etc/profile.d/go-workstation-proxy.sh",
    "/ws/.workstation/dev/machine/etc/systemd/system/docker.service.d/go-workstation-proxy.conf",
  ]);
  expect(found).toMatchObject({ unit: undefined, pending: [] });
});

test("what runs with something else is pending: the daemon, and the calling shell", () => {
  const found = plan({}, wsl, windows, dockerd("http://me:pw@old:1", direct), { proxy: {}, proxyIsOurs: false });
  expect(found?.pending.map(({ resource, field, running, needs }) => [resource, field, running, needs])).toEqual([
    ["proxy-dockerd", "HTTP_PROXY", "http://***@old:1", "dockerd-restart"],
    ["proxy-dockerd", "HTTPS_PROXY", "http://***@old:1", "dockerd-restart"],
    ["proxy-env", "HTTP_PROXY", "", "new-shell"],
    ["proxy-env", "HTTPS_PROXY", "", "new-shell"],
    ["proxy-env", "NO_PROXY", "", "new-shell"],
  ]);
  expect(found?.pending[0]?.wanted).toBe("http://p:1");
});

test("a timer has no shell to open anew; a daemon that does not answer cannot be compared", () => {
  expect(plan({}, wsl, windows)?.pending).toEqual([]);
});

test("Windows dropped it: no file is left, and what still runs with ours is pending", () => {
  const dropped: Partial<Facts> = { windows: { ...bare.windows, reachable: true } };
  const found = plan({}, wsl, dropped, dockerd("http://p:1", direct), { proxy: inShell, proxyIsOurs: true });
  expect(found?.files).toEqual([]);
  expect(found?.pending.map(({ field, wanted, needs }) => [field, wanted, needs])).toEqual([
    ["HTTP_PROXY", "", "dockerd-restart"],
    ["HTTPS_PROXY", "", "dockerd-restart"],
    ["NO_PROXY", "", "dockerd-restart"],
    ["HTTP_PROXY", "", "new-shell"],
    ["HTTPS_PROXY", "", "new-shell"],
    ["NO_PROXY", "", "new-shell"],
  ]);
  // A proxy that somebody else gave the daemon is none of ours.
  expect(plan({}, wsl, dropped, dockerd("http://theirs:1", "their.example"))).toBeUndefined();
});

test("Docker Desktop has its own proxy on Windows", () => {
  const found = plan({}, wsl, windows, dockerd("http://other:1", "", { flavour: "desktop" }));
  expect(found?.files.map(({ name }) => name)).toEqual(["env", "profile"]);
  expect(found?.warnings).toEqual([expect.stringMatching(/Docker Desktop.*Settings > Resources > Proxies/)]);
  expect(found).toMatchObject({ unit: undefined, pending: [] });
});

test("without systemd the daemon cannot follow: said, and not pending for ever", () => {
  const found = plan({}, wsl, windows, dockerd("", ""), { machine: { ...bare.machine, init: "other" } });
  expect(found?.files.map(({ name }) => name)).toEqual(["env", "profile"]);
  expect(found?.warnings).toEqual([expect.stringMatching(/systemd.*daemon\.json/)]);
  expect(found?.pending).toEqual([]);
});

test("the shell's own proxy is written nowhere", () => {
  expect(plan({}, wsl, { proxy: { HTTPS_PROXY: "http://env:1" }, proxyIsOurs: false })).toBeUndefined();
});

test("off is nothing at all", () => expect(plan({ mode: "off" }, wsl, windows)).toBeUndefined());
