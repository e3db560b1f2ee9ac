import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { LeafPlan } from "../../../domain/certificates.ts";
import { type Host, machineHost } from "../../../provider/host.ts";
import {
  type CertificateAuthorityInputs,
  certificateAuthority as handler,
} from "../../../provider/resources/certificate-authority.ts";

jest.setTimeout(180_000);

const root = path.resolve(__dirname, "../../..");
const goVersion = /go(\S+)/.exec(execFileSync("go", ["env", "GOVERSION"], { encoding: "utf8" }))?.[1] ?? "";
const env = { PATH: process.env.PATH, GOCACHE: execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" }).trim() };
const none = new Set<string>();
const quiet = () => {};
const ids = process.getuid?.() === 0 ? "1000:1000" : `${process.getuid?.()}:${process.getgid?.()}`;
let shared: string;
let folder: string;
let host: Host;

// The program is built once for all tests here.
beforeAll(() => {
  shared = mkdtempSync(path.join(tmpdir(), "authority-cache-"));
});
afterAll(() => rmSync(shared, { recursive: true, force: true }));
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "authority-test-"));
  host = machineHost({
    env: { ...env, HOME: folder, WORKSTATION_CACHE_DIR: path.join(shared, "cache"), WORKSTATION_STATE_DIR: folder },
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const inputs = (more: Partial<CertificateAuthorityInputs> = {}): CertificateAuthorityInputs => ({
  stack: "dev",
  folder: path.join(folder, "ca"),
  passphrase: "correct horse battery staple",
  owner: ids,
  leaves: [
    { name: "goproxy", dns: ["goproxy.gows-dev.internal"], ips: ["127.0.0.1"], lifetime: "24h", usage: "server" },
  ],
  rootLifetime: "87600h",
  intermediateLifetime: "8760h",
  program: { module: path.join(root, "sidecars/ca"), package: "./cmd/workstation-ca", binary: "workstation-ca" },
  go: goVersion,
  ...more,
});

async function made(more: Partial<CertificateAuthorityInputs> = {}) {
  const { inputs: news, failures } = await handler.check(host, inputs(more), none);
  expect(failures).toEqual([]);
  return { news, ...(await handler.create(host, news, quiet)) };
}

test("makes a constrained root whose key is sealed, for the container's user only, and takes it all away again", async () => {
  const { news, id, outputs } = await made();
  const certificate = new X509Certificate(outputs.certificate);
  expect(certificate.fingerprint256.replaceAll(":", "").toLowerCase()).toBe(outputs.fingerprint);
  expect(outputs.findings).toEqual([]);
  const text = execFileSync("openssl", ["x509", "-noout", "-text"], { input: outputs.certificate, encoding: "utf8" });
  expect(text).toMatch(/Name Constraints: critical[\s\S]*gows-dev\.internal/);
  const files = readdirSync(id, { recursive: true, encoding: "utf8" });
  for (const name of files) {
    const file = path.join(id, name);
    const stat = statSync(file);
    if (name === "workstation-ca") continue;
    expect(`${name} ${stat.uid}:${stat.gid}`).toBe(`${name} ${ids}`);
    if (stat.isFile()) expect(readFileSync(file, "utf8")).not.toContain(news.passphrase);
  }
  expect(statSync(path.join(id, "state")).mode & 0o777).toBe(0o700);
  expect(existsSync(path.join(id, "out/goproxy"))).toBe(true);
  await handler.delete(host, id, outputs);
  expect(existsSync(id)).toBe(false);
});

test("drift is a certificate that nobody issues, another root, a damaged state; not what is as declared", async () => {
  const { news, id, outputs } = await made();
  const seen = async () => {
    const found = await handler.read(host, id, outputs);
    return found === undefined ? undefined : handler.diff(host, found.outputs, news, none);
  };
  // No container keeps this one fresh: the declared certificate is missing.
  expect(await seen()).toMatchObject({ changed: ["leaves"], replaces: [], details: { leaves: ["goproxy: missing"] } });
  expect(await handler.diff(host, outputs, news, none)).toMatchObject({ changed: [] });
  writeFileSync(path.join(id, "state/authority.json"), "{");
  const broken = await handler.read(host, id, outputs);
  expect(broken?.outputs.findings[0]).toMatch(/authority\.json/);
  rmSync(path.join(id, "state"), { recursive: true });
  expect(await seen()).toBeUndefined();
});

test("other certificates are declared anew; another passphrase or owner is another authority", async () => {
  const { news, id, outputs } = await made();
  const leaves = [...news.leaves, { ...news.leaves[0], name: "other" } as (typeof news.leaves)[number]];
  expect(await handler.diff(host, outputs, { ...news, leaves }, none)).toMatchObject({
    changed: ["leaves"],
    replaces: [],
  });
  const after = await handler.update(host, id, outputs, { ...news, leaves }, quiet);
  expect(after.fingerprint).toBe(outputs.fingerprint);
  expect(after.leaves).toHaveLength(2);
  expect(existsSync(path.join(id, "out/other"))).toBe(true);
  const passphrase = "another passphrase, as long";
  expect(await handler.diff(host, outputs, { ...news, passphrase }, none)).toMatchObject({
    replaces: ["passphrase"],
    deleteBeforeReplace: true,
  });
});

test("an SM2 authority makes a root of SM2, and is another authority than one of P-256", async () => {
  const pair: LeafPlan = {
    name: "mesh",
    dns: ["a.gows-dev.internal"],
    ips: [],
    lifetime: "24h",
    usage: "both",
    pair: true,
  };
  const { news, id, outputs } = await made({ algorithm: "sm2", leaves: [pair] });
  const text = execFileSync("openssl", ["x509", "-noout", "-text"], { input: outputs.certificate, encoding: "utf8" });
  expect(text).toContain("Signature Algorithm: SM2-with-SM3");
  expect(text).toContain("ASN1 OID: SM2");
  expect(JSON.parse(readFileSync(path.join(id, "declaration.json"), "utf8"))).toEqual({ leaves: [pair] });
  expect(outputs).toMatchObject({ algorithm: "sm2", leaves: [pair] });
  expect(await handler.diff(host, outputs, news, none)).toMatchObject({ changed: [] });
  expect((await handler.read(host, id, outputs))?.outputs.algorithm).toBe("sm2");
  expect(await handler.diff(host, outputs, { ...news, algorithm: "p256" }, none)).toMatchObject({
    changed: ["algorithm"],
    replaces: ["algorithm"],
    deleteBeforeReplace: true,
  });
  expect(await handler.diff(host, outputs, news, new Set(["algorithm"]))).toMatchObject({ replaces: ["algorithm"] });
  // Someone has put another authority there.
  const { algorithm: _none, ...older } = outputs;
  const found = await handler.read(host, id, older);
  expect(await handler.diff(host, { ...(found?.outputs ?? older), findings: [] }, inputs(), none)).toMatchObject({
    replaces: ["algorithm"],
  });
});

test("state without an algorithm, as older releases wrote it, is one of P-256 and no change", async () => {
  const { news, id, outputs } = await made();
  expect(outputs).not.toHaveProperty("algorithm");
  const declared = { ...news, algorithm: "p256" } as const;
  expect(await handler.diff(host, outputs, declared, none)).toEqual({
    changed: [],
    replaces: [],
    deleteBeforeReplace: true,
  });
  const seen = await handler.read(host, id, outputs);
  // Nobody keeps certificates fresh in this test.
  expect({ ...seen?.outputs, findings: [] }).toEqual(outputs);
  expect(await handler.diff(host, outputs, { ...news, algorithm: "sm2" }, none)).toMatchObject({
    replaces: ["algorithm"],
  });
});

test.each([
  ["a pair of P-256", { algorithm: "p256", leaves: [{ name: "a", pair: true }] }, "leaves[0].pair", '"sm2"'],
  ["a pair where nothing is said", { leaves: [{ name: "a", pair: true }] }, "leaves[0].pair", '"sm2"'],
  ["no truth value", { algorithm: "sm2", leaves: [{ name: "a", pair: "yes" }] }, "leaves[0].pair", "true or false"],
  ["an unknown algorithm", { algorithm: "rsa" }, "algorithm", 'is "rsa"; must be one of p256, sm2'],
])("%s is refused", async (_name, more, property, words) => {
  const { failures } = await handler.check(host, inputs(more as Partial<CertificateAuthorityInputs>), none);
  expect(failures.map((failure) => failure.property)).toEqual([property]);
  expect(failures[0]?.reason).toContain(words);
});

test("an authority that the state does not know is never written over", async () => {
  const { news, id } = await made();
  const before = readFileSync(path.join(id, "state/authority.json"));
  await expect(handler.create(host, news, quiet)).rejects.toThrow("holds an authority already");
  expect(readFileSync(path.join(id, "state/authority.json"))).toEqual(before);
});

test("what a run that was cut off left is cleared away", async () => {
  const { news, id } = await made();
  rmSync(path.join(id, "state/authority.json"));
  expect((await handler.create(host, news, quiet)).outputs.fingerprint).toMatch(/^[0-9a-f]{64}$/);
});

test.each([
  ["stack", "Dev", "lower-case"],
  ["folder", "relative", "absolute path"],
  ["owner", "0:0", "never root"],
  ["passphrase", "short", "at least 20 characters"],
  ["rootLifetime", "10y", "whole hours"],
  ["leaves", [], "at least one"],
])("%s %p is refused, and a passphrase is not repeated", async (property, value, words) => {
  const { failures } = await handler.check(host, inputs({ [property]: value }), none);
  expect(failures.map((failure) => failure.property)).toEqual([property]);
  expect(failures[0]?.reason).toContain(words);
  if (property === "passphrase") expect(failures[0]?.reason).not.toContain("short;");
});
