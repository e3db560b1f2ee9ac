/** Doctor's checks on a stand-in machine. */
import { dirname } from "node:path";
import { report, runCheck } from "../../cli/commands/doctor.ts";
import { type Check, checksFor } from "../../cli/doctor/checks.ts";
import type { Patient } from "../../cli/doctor/patient.ts";
import { CONTAINER_SCRIPT } from "../../cli/doctor/trust-containers.ts";
import { busyPorts, portIsBusy } from "../../cli/ports.ts";
import { parseSettings } from "../../config/load.ts";
import type { Facts } from "../../domain/facts.ts";
import { planStack } from "../../domain/plan.ts";
import { wslMachine } from "../domain/machine.ts";

const settings = parseSettings({
  projects: [{ path: "/src/shop", ports: [{ container: 80, host: 18080 }] }],
  image: { source: "bootstrap" },
  goToolchain: { enabled: true },
});

const facts: Facts = {
  ...wslMachine(),
  clock: { offsetSeconds: 0.3, source: "windows" },
  go: { path: "/usr/bin/go", version: "1.26.8", env: { GOPROXY: "https://me:secret@proxy.example.com,direct" } },
  running: { dockerdStarted: "2026-11-24T10:00:00.000Z", trustChanged: "2026-11-20T10:00:00.000Z" },
  projects: [{ path: "/src/shop", exists: true, uid: 1000, gid: 1000, goVersion: "", toolchain: "", digest: "" }],
};

const info = {
  ServerVersion: "28.0.0",
  OSType: "linux",
  Architecture: "x86_64",
  CgroupVersion: "2",
  MemoryLimit: true,
  CpuCfsQuota: true,
  PidsLimit: true,
  DockerRootDir: "/var/lib/docker",
};

const standinPatient: Patient = {
  root: "/checkout",
  nodeVersion: "24.21.0",
  env: {},
  stack: "me",
  settings,
  stateDir: "/state",
  backend: "file:///state/backend",
  toolchain: {
    source: "path",
    pulumi: "/bin/pulumi",
    binDir: "/bin",
    version: "3.256.0",
    plugins: { docker: "5.2.0" },
    millis: 1,
  },
  facts: async () => facts,
  dockerInfo: async () => info,
  containers: async () => [
    { project: "shop", id: "c1", name: "gows-me-shop", state: "running", sidecar: false, joins: false },
  ],
  mode: (path) => (path === "/state" ? 0o700 : 0o600),
  goFaults: async () => [],
  free: () => 50 * 2 ** 30,
  busyPorts: async () => [],
  inContainer: async (_name, script) => ({
    code: 0,
    output: script === CONTAINER_SCRIPT ? "has curl\nwith curl\nhas go\nwith go" : "go version go1.22.6 linux/amd64",
  }),
  schedule: () => ({
    timer: { kind: "systemd", every: "1h", minutes: 60 },
    last: { time: "2026-11-24T10:00:00.000Z", code: 0 },
    now: Date.parse("2026-11-24T10:30:00.000Z"),
  }),
  read: () => "",
  plan: async () => planStack("me", settings, facts, { root: "/checkout", home: "/home/ada" }),
  proveTrust: async () => ({ through: ["curl"], careless: [], refused: [] }),
};

async function examine(change: Partial<Patient> = {}, deep = false): Promise<Record<string, Check>> {
  const patient = { ...standinPatient, ...change };
  const checks = await Promise.all(checksFor(deep).map(async (check) => await runCheck(check, patient)));
  return Object.fromEntries(checks.map((check) => [check.id, check]));
}

test("a machine in order passes everything", async () => {
  const checks = Object.values(await examine({}, true));
  expect(checks.filter((check) => check.status !== "pass")).toEqual([]);
  expect(checks.length).toBeGreaterThanOrEqual(16);
});

/** The armour alone counts for lists. */
const ABC = `-----BEGIN CERTIFICATE-----\n${Buffer.from("abc").toString("base64")}\n-----END CERTIFICATE-----\n`;
const fingerprint = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const withRoot = planStack(
  "me",
  settings,
  { ...facts, trustRoots: [{ fingerprint, subject: "CN=abc", pem: ABC }] },
  { root: "/checkout", home: "/home/ada" },
);

const broken: [string, Partial<Patient>, string, Check["status"], RegExp][] = [
  ["old Node", { nodeVersion: "22.17.0" }, "node", "fail", /22\.17/],
  ["no engine", { toolchain: undefined }, "toolchain", "fail", /not installed/],
  ["open state", { mode: () => 0o755 }, "state", "fail", /0755/],
  ["open passphrase", { mode: () => 0o644 }, "passphrase", "fail", /0644/],
  ["nothing yet", { stack: undefined, settings: undefined }, "settings", "warn", /no stack/],
  ["wrong settings", { settings: "Pulumi.me.yaml:3: unknown" }, "settings", "fail", /:3:/],
  [
    "Windows daemon",
    { dockerInfo: async () => ({ ...info, OSType: "windows" }) },
    "docker-platform",
    "fail",
    /windows/,
  ],
  ["no limits", { dockerInfo: async () => ({ ...info, MemoryLimit: false }) }, "docker-limits", "fail", /memory/],
  ["little space", { free: () => 3 * 2 ** 30 }, "disk", "warn", /3\.0 GiB/],
  ["no space", { free: () => 2 ** 29 }, "disk", "fail", /0\.5 GiB/],
  [
    "busy port",
    { busyPorts: async () => [{ owner: "shop", key: "", port: 18080 }] },
    "ports",
    "fail",
    /18080 \(shop\)/,
  ],
  [
    "a root that the containers' file lacks",
    {
      plan: async () =>
        planStack(
          "me",
          settings,
          { ...facts, trustRoots: [{ fingerprint: "a".repeat(64), subject: "CN=a", pem: "pem" }] },
          { root: "/checkout", home: "/home/ada" },
        ),
    },
    "trust-list",
    "fail",
    /the store lacks aaaaaaaaaaaa; the containers' file lacks aaaaaaaaaaaa; gows-me-shop lacks aaaaaaaaaaaa/,
  ],
  ...(
    [
      [
        "a variable that names another file",
        { CURL_CA_BUNDLE: "/old.pem" },
        "fail",
        /CURL_CA_BUNDLE=\/old.pem of this/,
      ],
      ["Node left to its own list", { PATH: dirname(process.execPath) }, "warn", /^node in this shell reads its own/],
      ["Node told by an option", { PATH: dirname(process.execPath), NODE_OPTIONS: "--use-system-ca" }, "pass", /^1 /],
    ] as const
  ).map(([name, env, status, found]): (typeof broken)[number] => [
    name,
    {
      env,
      plan: async () => withRoot,
      read: (path) => (path === "/old.pem" ? "" : ABC),
      inContainer: async () => ({ code: 0, output: ABC }),
    },
    "trust-list",
    status,
    found,
  ]),
  [
    "a container whose git verifies nothing",
    { inContainer: async () => ({ code: 0, output: "has git\nwithout git\nwith git" }) },
    "trust-containers",
    "fail",
    /gows-me-shop: git verifies nothing/,
  ],
  [
    "a container without openssl",
    { inContainer: async () => ({ code: 0, output: "no openssl" }) },
    "trust-containers",
    "warn",
    /gows-me-shop: it has no openssl/,
  ],
  [
    "a program that verifies nothing",
    { proveTrust: async () => ({ through: ["go"], careless: ["git"], refused: [] }) },
    "trust-proof",
    "fail",
    /verify nothing: git/,
  ],
  ["no openssl", { proveTrust: async () => undefined }, "trust-proof", "skip", /openssl/],
  [
    "a daemon older than the roots",
    {
      facts: async () => ({
        ...facts,
        running: { dockerdStarted: "2026-11-24T10:00:00.000Z", trustChanged: "2026-11-24T11:00:00.000Z" },
      }),
    },
    "trust-daemon",
    "warn",
    /started 2026-11-24T10:00:00, roots changed 2026-11-24T11:00:00/,
  ],
  [
    "no timer",
    { schedule: () => ({ timer: undefined, last: undefined, now: 0 }) },
    "drift-timer",
    "skip",
    /no timer; last looked: never/,
  ],
  ...(
    [
      ["a timer that does not run", { time: "2026-11-24T07:00:00.000Z", code: 0 }, "warn", /last looked: 4 hours ago/],
      ["a timer that saw drift", { time: "2026-11-24T10:00:00.000Z", code: 2 }, "warn", /: drift$/],
      [
        "a timer that could not tell",
        { time: "2026-11-24T10:00:00.000Z", code: 1, error: "no daemon" },
        "fail",
        /no daemon/,
      ],
    ] as const
  ).map(([name, last, status, found]): (typeof broken)[number] => [
    name,
    {
      schedule: () => ({
        timer: { kind: "cron", every: "1h", minutes: 60 },
        last,
        now: Date.parse("2026-11-24T11:00:00.000Z"),
      }),
    },
    "drift-timer",
    status,
    found,
  ]),
  [
    "GOROOT by hand",
    {
      facts: async () =>
        ({ ...facts, go: { ...facts.go, settings: { GOROOT: { value: "/x", from: "environment" } } } }) as Facts,
    },
    "go-env",
    "fail",
    /GOROOT=\/x \(environment\): each go command knows its own/,
  ],
  [
    "no Go on the machine",
    { goFaults: async () => ["go1.22.6 is not there", "gopls for go1.22.6 was changed"] },
    "go-tools",
    "fail",
    /^go1\.22\.6 is not there; gopls for go1\.22\.6 was changed$/,
  ],
  ["nothing runs", { containers: async () => [] }, "engine-check", "skip", /no container/],
  [
    "lost project",
    { facts: async () => ({ ...facts, projects: [{ ...facts.projects[0], exists: false }] }) as Facts },
    "projects",
    "fail",
    /not there: \/src\/shop/,
  ],
  [
    "root's project",
    { facts: async () => ({ ...facts, projects: [{ ...facts.projects[0], uid: 0 }] }) as Facts },
    "projects",
    "warn",
    /owned by root/,
  ],
];

test.each(broken)("%s is found", async (_name, change, id, status, found) => {
  const check = (await examine(change, true))[id];
  expect(check).toMatchObject({ status, found: expect.stringMatching(found) });
  expect(check?.fix).not.toBe("");
  expect(check?.wanted).not.toBe("");
});

test("a daemon that does not answer fails its checks and spoils no other", async () => {
  const dockerInfo = async () => {
    throw new Error("No Docker daemon answers at unix:///x\nmore");
  };
  const checks = await examine({ dockerInfo });
  expect(checks.docker).toMatchObject({ status: "fail", found: "No Docker daemon answers at unix:///x" });
  expect(checks.disk?.status).toBe("pass");
  expect(checks.node?.status).toBe("pass");
});

test("the smoke test that fails says what it printed, and no secret is told anywhere", async () => {
  const checks = await examine({ inContainer: async () => ({ code: 1, output: "a\nFAIL shop" }) }, true);
  expect(checks["smoke-test"]).toMatchObject({ status: "fail", found: "a; FAIL shop" });
  expect(JSON.stringify(checks)).not.toContain("secret");
});

test("the report shows a fix where there is something to fix", async () => {
  const checks = Object.values(await examine({ nodeVersion: "20.0.0" }));
  const lines = report({ paint: (_code, text) => text }, checks);
  expect(lines.slice(0, 3).map((line) => line.trim().replace(/\s+/g, " "))).toEqual([
    "fail node 20.0.0",
    "wanted: Node 22.18 or newer",
    "fix: put a newer Node on PATH",
  ]);
  expect(lines.at(-1)).toMatch(/^\d+ pass, 0 warn, 1 fail, 0 skipped$/);
});

test("a port is busy when another program has it, not when it is our own container's", async () => {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  expect(await portIsBusy(port)).toBe(true);
  const wanted = {
    projects: [{ name: "shop", ports: [{ container: 80, host: port }] }],
    goProxy: { mode: "off" },
  } as never;
  expect(await busyPorts(wanted, [])).toEqual([{ owner: "shop", key: "projects[shop].ports: host", port }]);
  const ours = [{ Id: "c", Names: [], State: "running", Labels: {}, Ports: [{ PublicPort: port }] }];
  expect(await busyPorts(wanted, ours)).toEqual([]);
  await new Promise((resolve) => server.close(resolve));
  expect(await portIsBusy(port)).toBe(false);
});
