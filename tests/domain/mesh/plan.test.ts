import { join } from "node:path";
import { parseSettings, readStackFile } from "../../../config/load.ts";
import { planMesh } from "../../../domain/mesh/plan.ts";
import { planStack } from "../../../domain/plan.ts";
import { folder, machine } from "../machine.ts";

const plan = (mesh: object, goProxy: object = { mode: "local" }) =>
  planStack(
    "dev",
    parseSettings({ projects: [{ path: "hello" }], goProxy, mesh } as Parameters<typeof parseSettings>[0]),
    machine([folder("/src/hello")]),
    { root: "/ws", home: "/home/ada" },
  );
const links = [{ from: "*", to: "goproxy", port: 8443 }];

test("without it nothing changes", () => {
  const { mesh, containers, goProxy } = plan({ links });
  expect([mesh, containers[0]?.hosts]).toEqual([undefined, []]);
  expect(goProxy?.config.listen).toBe(":8443");
  expect(goProxy?.proxy.ports).toHaveLength(1);
});

test("behind the mesh the module proxy listens on loopback, is published nowhere, and keeps its name", () => {
  const { containers, goProxy } = plan({ enabled: true, links });
  expect(goProxy?.config.listen).toBe("127.0.0.1:8443");
  expect(goProxy?.proxy.ports).toEqual([]);
  expect(containers[0]?.hosts).toEqual([{ host: "goproxy.gows-dev.internal", ip: "127.0.0.1" }]);
});

test("tunnels share networks, know each other by name, and have quotas", () => {
  const { mesh } = plan({ enabled: true, links, connections: 64 });
  const [server, client] = mesh?.tunnels ?? [];
  expect([server?.sidecar.network, client?.sidecar.network]).toEqual([{ of: "goproxy" }, { of: "hello" }]);
  expect(JSON.parse(server?.configFile.content ?? "")).toEqual({
    role: "server",
    profile: "rfc8998",
    listen: "0.0.0.0:18443",
    connect: "127.0.0.1:8443",
    tls: "/run/workstation/tls",
    peerNames: ["hello.mesh.gows-dev.internal"],
    admin: "127.0.0.1:19443",
    concurrency: 2,
    requireLoopback: true,
    exitWithoutNetwork: true,
    limits: {
      connections: 64,
      pendingHandshakes: 64,
      handshakeTimeoutMs: 5000,
      idleTimeoutMs: 900000,
      drainMs: 10000,
    },
  });
  expect(JSON.parse(client?.configFile.content ?? "")).toMatchObject({
    role: "client",
    listen: "127.0.0.1:8443",
    connect: "gows-dev-goproxy:18443",
    peerNames: ["goproxy.mesh.gows-dev.internal"],
    requireLoopback: false,
  });
  for (const tunnel of [server, client])
    expect(tunnel?.sidecar).toMatchObject({ memory: 64, cpus: "1.0", pids: 64, ports: [] });
});

test("another configuration is another container", () => {
  const label = (concurrency: number) =>
    plan({ enabled: true, links, concurrency }).mesh?.tunnels[0]?.sidecar.labels["io.go-workstation.config"];
  expect(label(2)).toBe(label(2));
  expect(label(2)).not.toBe(label(3));
});

test("an authority of its own, with SM2; pairs where TLCP is spoken", () => {
  const authority = plan({ enabled: true, links }).mesh?.authority;
  expect(authority).toMatchObject({ algorithm: "sm2", folder: "/ws/.workstation/dev/mesh/ca" });
  expect(authority?.leaves).toEqual(
    ["goproxy", "hello"].map((name) => ({
      name,
      dns: [`${name}.mesh.gows-dev.internal`],
      ips: [],
      lifetime: "24h",
      usage: "both",
      pair: false,
    })),
  );
  const settings = parseSettings({
    projects: [{ path: "hello" }],
    goProxy: { mode: "local" },
    mesh: { enabled: true, links, profile: "tlcp" },
  });
  const tlcp = planMesh({ stack: "dev", settings, facts: machine(), root: "/ws" }).authority;
  expect(tlcp.leaves.map(({ pair }) => pair)).toEqual([true, true]);
});

test("the ready settings for compliance have every project behind the mesh", () => {
  const { raw, source } = readStackFile(join(__dirname, "../../../Pulumi.compliance.yaml"));
  const place = { root: "/ws", home: "/home/ada" };
  const { mesh } = planStack("dev", parseSettings(raw, source), machine([folder("/ws/examples/hello")]), place);
  expect(mesh?.tunnels.map(({ tunnel: { role, service } }) => `${role} ${service}`)).toEqual([
    "server goproxy",
    "client hello",
  ]);
});
