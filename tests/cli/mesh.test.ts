import { linkStatuses, type Run } from "../../cli/mesh.ts";
import { parseSettings } from "../../config/load.ts";

const settings = parseSettings({
  projects: [{ path: "shop" }, { path: "billing" }],
  mesh: { enabled: true, links: [{ from: "shop", to: "billing", port: 9000 }] },
});
const probe = {
  profile: "rfc8998",
  version: "TLS 1.3",
  suite: "0x00c6",
  suiteName: "TLS_SM4_GCM_SM3",
  group: "curveSM2",
  signature: "sm2sig_sm3",
  peer: { names: ["billing.mesh.gows-dev.internal"], notAfter: "2026-11-25T10:00:00Z", serial: "1", issuer: "CN=x" },
  handshakeMs: 4,
  backend: "open",
};
const asked: string[] = [];

/** Stands in for `docker exec`. */
const standIn =
  (probed: { code: number; stdout: string; stderr: string }, told = '{"rotatedAt":"2026-11-24T10:00:00Z"}'): Run =>
  async (container, args) => {
    asked.push([container, ...args.slice(1)].join(" "));
    return args[1] === "probe" ? probed : { code: 0, stdout: told, stderr: "" };
  };
const good = { code: 0, stdout: JSON.stringify(probe), stderr: "" };

test("the client's tunnel is asked for the wire, the server's for its certificate", async () => {
  const [status] = await linkStatuses("dev", settings, standIn(good));
  expect(status).toMatchObject({ from: "shop", to: "billing", ok: true, problem: null, negotiated: probe });
  expect(status?.lastRotation).toBe("2026-11-24T10:00:00Z");
  expect(asked).toEqual([
    "gows-dev-mesh.shop.billing.9000 probe --config /run/workstation/mesh/config.json --json",
    "gows-dev-mesh.billing.9000.rfc8998 status --admin 127.0.0.1:20000",
  ]);
});

test.each([
  [
    "refused",
    { code: 1, stdout: "", stderr: "sm-tunnel: x: certificate_expired: too late\n" },
    "x: certificate_expired: too late",
  ],
  [
    "another suite",
    { ...good, stdout: JSON.stringify({ ...probe, suite: "0x1301", suiteName: "TLS_AES_128_GCM_SHA256" }) },
    "negotiated TLS_AES_128_GCM_SHA256 (0x1301), and rfc8998 allows 0x00c6",
  ],
  [
    "nobody behind it",
    { ...good, stdout: JSON.stringify({ ...probe, backend: "cut" }) },
    "the tunnel is up, but nothing listens on 127.0.0.1:9000 of billing, or others than the tunnel can reach it",
  ],
])("%s is a link that does not hold", async (_, probed, problem) => {
  const [status] = await linkStatuses("dev", settings, standIn(probed));
  expect(status).toMatchObject({ ok: false, problem });
});

test("a server that tells nothing of its certificate does not hide the link", async () => {
  const [status] = await linkStatuses("dev", settings, standIn(good, "what?"));
  expect(status).toMatchObject({ ok: true, lastRotation: null });
});
