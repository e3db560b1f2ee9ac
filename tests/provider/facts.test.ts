import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { parseRoots } from "../../provider/facts/trust.ts";
import { facts } from "../../provider/facts.ts";
import { type Scratch, scratch } from "./scratch.ts";

function certificate(name: string, days = "2"): string {
  const args = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    "/dev/null",
  ];
  return execFileSync("openssl", [...args, "-subj", `/CN=${name}`, "-days", days], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

let machine: Scratch;
afterEach(() => machine.remove());

test("a bare machine: every part that is missing is empty, and nothing throws", async () => {
  machine = scratch({ PATH: "/nowhere", DOCKER_HOST: "unix:///nowhere/docker.sock" });
  const found = await facts(machine.host, { projects: [{ path: "/srv/gone", digest: true }] });
  expect(found).toMatchObject({
    system: { kind: "linux", distribution: "", codename: "" },
    docker: { reachable: false, flavour: "unknown", host: "unix:///nowhere/docker.sock" },
    go: { path: "", version: "", env: {} },
    git: { name: "", email: "" },
    proxy: {},
    trustRoots: [],
    projects: [{ path: "/srv/gone", exists: false, digest: "" }],
  });
  expect(found.docker.error).toContain("no Docker daemon answers");
});

test("WSL, Docker Desktop, proxies and the tools on PATH", async () => {
  machine = scratch({ PATH: "", HTTPS_PROXY: "", https_proxy: "http://p:1", NO_PROXY: "x", GOFLAGS: "-mod=mod" });
  machine.put("/home/tester/.config/go/env", "GO111MODULE=off\nGOFLAGS=-v\n");
  const bin = machine.real("/bin");
  mkdirSync(bin, { recursive: true });
  const standIn = (name: string, script: string) => {
    writeFileSync(path.join(bin, name), `#!/bin/sh\n# Stand-in\n${script}\n`);
    chmodSync(path.join(bin, name), 0o755);
  };
  standIn("go", `echo '{"GOVERSION":"go1.26.8","GOPROXY":"https://proxy.example","GOPRIVATE":""}'`);
  standIn("git", `printf 'user.name\\nA B\\0user.email\\nold@x\\0user.email\\na@x\\0'`);
  machine.put("/etc/os-release", 'ID=ubuntu\nVERSION_CODENAME="noble"\n');
  machine.put("/proc/sys/kernel/osrelease", "5.15.167.4-microsoft-standard-WSL2\n");
  const socket = path.join(machine.root, "d.sock");
  const daemon = http.createServer((_request, response) =>
    response.end(
      JSON.stringify({
        OperatingSystem: "Docker Desktop",
        ServerVersion: "27.3.1",
        OSType: "linux",
        Architecture: "x86_64",
        CgroupVersion: "2",
      }),
    ),
  );
  await new Promise<void>((resolve) => daemon.listen(socket, resolve));
  const env = { ...machine.host.env, PATH: `${bin}:/usr/bin:/bin`, DOCKER_HOST: `unix://${socket}` };
  const { machineHost } = await import("../../provider/host.ts");
  const host = machineHost({ env, root: machine.root, user: machine.host.user });
  const found = await facts(host, { projects: [] });
  daemon.close();
  expect(found.system).toMatchObject({ kind: "wsl", distribution: "ubuntu", codename: "noble" });
  expect(found.docker).toMatchObject({
    reachable: true,
    flavour: "desktop",
    version: "27.3.1",
    platform: "linux/x86_64",
    cgroupVersion: "2",
  });
  expect(found.go).toEqual({
    path: path.join(bin, "go"),
    version: "1.26.8",
    env: { GOPROXY: "https://proxy.example" },
    settings: {
      GOFLAGS: { value: "-mod=mod", from: "environment" },
      GO111MODULE: { value: "off", from: "go env -w" },
    },
  });
  expect(found.git).toEqual({ name: "A B", email: "a@x" });
  expect(found.proxy).toEqual({ HTTPS_PROXY: "http://p:1", NO_PROXY: "x" });
});

test("a GOROOT that is not there and a relative GOPATH hide nothing; what Go does with toolchains is told", async () => {
  machine = scratch({ GOROOT: "/nowhere", GOPATH: "relative", GOENV: "off" });
  const { go } = await facts(machine.host, { projects: [] });
  expect(go.version).toMatch(/^1\.\d+/);
  expect(go.env.GOSUMDB).not.toBe("");
  expect(go.root).toMatch(/^\//);
  expect(go.settings).toMatchObject({
    GOROOT: { value: "/nowhere", from: "environment" },
    GOPATH: { value: "relative", from: "environment" },
  });
});

test("GOTOOLCHAIN: what a person wrote wins over the SDK's default", async () => {
  machine = scratch({ PATH: "" });
  const standIn = machine.put(
    "/bin/go",
    `#!/bin/sh\n# Stand-in\necho '{"GOVERSION":"go1.26.8","GOROOT":"/sdk"}'\n`,
    0o755,
  );
  machine.put("/sdk/go.env", "# defaults\nGOTOOLCHAIN=auto\n");
  const { machineHost } = await import("../../provider/host.ts");
  const env = { ...machine.host.env, PATH: machine.real(path.dirname(standIn)) };
  const ask = async () =>
    (await facts(machineHost({ env, root: machine.root, user: machine.host.user }), { projects: [] })).go.toolchain;
  expect(await ask()).toBe("auto");
  machine.put("/home/tester/.config/go/env", "GOTOOLCHAIN=go1.25.5\n");
  expect(await ask()).toBe("go1.25.5");
});

test("trust roots: each once, several in a file, only *.crt on Debian, sorted", async () => {
  machine = scratch();
  const [a, b, c] = [certificate("A"), certificate("B"), certificate("C")];
  machine.put("/usr/local/share/ca-certificates/deep/ab.crt", `comment\n${a}${b}`);
  machine.put("/usr/local/share/ca-certificates/a.crt", a);
  machine.put("/usr/local/share/ca-certificates/notes.txt", c);
  machine.put("/etc/pki/ca-trust/source/anchors/c.pem", c);
  machine.put("/usr/local/share/ca-certificates/broken.crt", a.replace(/\n.{20}/, "\n????????????????????"));
  const { trustRoots } = await facts(machine.host, { projects: [] });
  expect(trustRoots.map((root) => root.subject).sort()).toEqual(["CN=A", "CN=B", "CN=C"]);
  const fingerprints = trustRoots.map((root) => root.fingerprint);
  expect(fingerprints).toEqual([...fingerprints].sort());
  expect(fingerprints[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(trustRoots.map((root) => root.pem).sort()).toEqual([a, b, c].sort());
});

test("an expired root is passed over", () => {
  const pem = certificate("Old", "1");
  expect(parseRoots(pem, new Date())).toHaveLength(1);
  expect(parseRoots(pem, new Date(Date.now() + 2 * 86_400_000))).toEqual([]);
});

describe("projects", () => {
  const ask = async (file: string) =>
    (await facts(machine.host, { projects: [{ path: file, digest: true }] })).projects[0];

  test("go.mod, links resolved, and a digest that follows what Git would track", async () => {
    machine = scratch();
    const folder = machine.real("/src/p");
    machine.put("/src/p/go.mod", "module x\n\ngo 1.22.0\n\ntoolchain go1.22.6\n");
    machine.put("/src/p/.gitignore", "ignored\n");
    execFileSync("git", ["init", "-q", folder]);
    symlinkSync(folder, machine.real("/link"));
    const first = await ask("/link");
    expect(first).toMatchObject({
      path: "/src/p",
      exists: true,
      uid: process.getuid?.(),
      goVersion: "1.22.0",
      toolchain: "go1.22.6",
    });
    expect(first?.digest).toMatch(/^[0-9a-f]{64}$/);
    machine.put("/src/p/ignored", "x");
    expect((await ask("/src/p"))?.digest).toBe(first?.digest);
    machine.put("/src/p/main.go", "package main\n");
    const second = await ask("/src/p");
    expect(second?.digest).not.toBe(first?.digest);
    machine.put("/src/p/main.go", "package main // edited\n");
    expect((await ask("/src/p"))?.digest).not.toBe(second?.digest);
  });

  test("without Git the folder is walked, vendored code left out; too many files give no digest", async () => {
    machine = scratch({ PATH: "/nowhere" });
    machine.put("/p/a.go", "1");
    const first = await ask("/p");
    machine.put("/p/vendor/v.go", "1");
    expect((await ask("/p"))?.digest).toBe(first?.digest);
    for (let index = 0; index < 2001; index += 1) machine.put(`/p/many/${index}`, "");
    expect((await ask("/p"))?.digest).toBe("");
  });
});

test("arguments are checked", async () => {
  machine = scratch();
  await expect(facts(machine.host, { projects: [{ path: "relative" }] })).rejects.toThrow(
    'facts.projects[0].path is "relative"',
  );
  await expect(facts(machine.host, { projects: [], more: 1 })).rejects.toThrow('no argument "more"');
});
