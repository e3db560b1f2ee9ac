/** The distribution's own tool works in a folder of the test's; clients of every kind then shake hands for real. */
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import https from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { onPath } from "../../../provider/facts/programs.ts";
import { trustRoots } from "../../../provider/facts/trust.ts";
import { type TrustAnchorsInputs, trustAnchors } from "../../../provider/resources/trust-anchors.ts";
import { trustBundle } from "../../../provider/resources/trust-bundle.ts";
import { type Scratch, scratch } from "../scratch.ts";
import { type Authority, authority } from "../trust/certificates.ts";

const nobody = new Set<string>();
const quiet = () => {};
const ANCHORS = "/usr/local/share/ca-certificates";
const STORE = "/etc/ssl/certs/ca-certificates.crt";
let machine: Scratch;
let own: Authority;
let one: Authority;
let two: Authority;
beforeAll(() => {
  [own, one, two] = [authority("The distribution's own"), authority("Ünïcode Wurzel G1"), authority("Two")];
});

beforeEach(() => {
  machine = scratch();
  machine.put("/usr/share/ca-certificates/mozilla/own.crt", own.pem);
  machine.put("/etc/ca-certificates.conf", "mozilla/own.crt\n");
  for (const folder of [ANCHORS, "/etc/ssl/certs", "/etc/ca-certificates/update.d"])
    mkdirSync(machine.real(folder), { recursive: true });
});
afterEach(() => machine.remove());

const inputs = (...roots: Authority[]): TrustAnchorsInputs => ({
  certificates: roots.map(({ pem }) => pem),
  owner: "me",
  root: "",
});
const fingerprint = ({ pem }: Authority): string =>
  new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();
const install = async (...roots: Authority[]) =>
  (await trustAnchors.create(machine.host, inputs(...roots), quiet)).outputs;
const files = (): string[] => readdirSync(machine.real(ANCHORS)).sort();
const drift = async (...roots: Authority[]): Promise<string[]> => {
  const found = await trustAnchors.read(machine.host, "/me", undefined);
  if (found === undefined) return ["missing"];
  return (await trustAnchors.diff(machine.host, found.outputs, inputs(...roots), nobody)).changed;
};

test("a root is installed, seen, followed by its removal, and the distribution's own stays", async () => {
  machine.put(`${ANCHORS}/somebody.crt`, two.pem);
  const outputs = await install(one);
  expect(outputs).toMatchObject({ fingerprints: [fingerprint(one)], trusted: [fingerprint(one)], damaged: [] });
  expect(files()[0]).toMatch(/^go-workstation-me\.unicode-wurzel-g1-[0-9a-f]{12}\.crt$/);
  expect(await drift(one)).toEqual([]);
  const again = await trustAnchors.update(machine.host, "/me", outputs, inputs(), quiet);
  expect(again.fingerprints).toEqual([]);
  expect(files()).toEqual(["somebody.crt"]);
  // Neither a link to it nor one by its hash is left dangling.
  const certs = machine.real("/etc/ssl/certs");
  expect(readdirSync(certs).filter((name) => !existsSync(path.join(certs, name)))).toEqual([]);
  const store = (await machine.host.files.text(STORE)) ?? "";
  expect([own, two, one].map(({ pem }) => store.includes(pem.trim()))).toEqual([true, true, false]);
});

test("our own files are not taken for somebody else's additions", async () => {
  machine.put(`${ANCHORS}/somebody.crt`, two.pem);
  await install(one);
  expect((await trustRoots(machine.host)).map((root) => root.fingerprint)).toEqual([fingerprint(two)]);
});

test.each<[string, (file: string) => void]>([
  ["removed", (file) => rmSync(file)],
  ["cut off", (file) => writeFileSync(file, one.pem.slice(0, 100))],
  ["replaced by another", (file) => writeFileSync(file, two.pem)],
  ["no longer readable", (file) => chmodSync(file, 0o600)],
  [
    "replaced by a link",
    (file) => {
      rmSync(file);
      symlinkSync("somebody.crt", file);
    },
  ],
])("a file of ours that was %s is drift, and update puts it right", async (_name, harm) => {
  const outputs = await install(one, two);
  const name = files().find((file) => file.includes("wurzel")) ?? "";
  harm(path.join(machine.real(ANCHORS), name));
  expect(await drift(one, two)).toEqual(["certificates"]);
  await trustAnchors.update(machine.host, "/me", outputs, inputs(one, two), quiet);
  expect(await drift(one, two)).toEqual([]);
});

test("a store that lost a root although its file is there is drift", async () => {
  await install(one);
  machine.put(STORE, own.pem);
  expect(await drift(one)).toEqual(["certificates"]);
});

test("two stacks on one machine do not touch each other's files; delete leaves nothing of its own", async () => {
  await install(one);
  await trustAnchors.create(machine.host, { ...inputs(two), owner: "me-too" }, quiet);
  expect(files()).toHaveLength(2);
  await trustAnchors.delete(machine.host, "/me", { ...(await look()), owner: "me" });
  expect(files()).toEqual([expect.stringMatching(/^go-workstation-me-too\./)]);
  expect(await drift()).toEqual(["missing"]);
  expect((await machine.host.files.text(STORE)) ?? "").not.toContain(one.pem.trim());
});
const look = async () => {
  const found = await trustAnchors.read(machine.host, "/me", undefined);
  if (found === undefined) throw new Error("nothing there");
  return found.outputs;
};

test("files taken away by hand while the store still has the root: drift, and delete makes the store forget it", async () => {
  const outputs = await install(one);
  for (const name of files()) rmSync(path.join(machine.real(ANCHORS), name));
  const found = await trustAnchors.read(machine.host, "/me", outputs);
  expect(found?.outputs).toMatchObject({ fingerprints: [], trusted: [] });
  await trustAnchors.delete(machine.host, "/me", outputs);
  expect(await trustAnchors.read(machine.host, "/me", outputs)).toBeUndefined();
  expect((await machine.host.files.text(STORE)) ?? "").not.toContain(one.pem.trim());
});

test("import reads what is there", async () => {
  await install(two, one);
  const found = await trustAnchors.read(machine.host, "/me", undefined);
  expect(found?.inputs).toMatchObject({ owner: "me", root: "" });
  expect(found?.inputs.certificates).toHaveLength(2);
});

test("staged: the same files and a bundle below the staging root; nothing of the machine changes, delete leaves nothing", async () => {
  machine.put(STORE, own.pem);
  machine.put("/srv/staging/keep", "");
  const news = { ...inputs(one), root: "/srv/staging" };
  const { id, outputs } = await trustAnchors.create(machine.host, news, quiet);
  expect(outputs.trusted).toEqual([fingerprint(one)]);
  expect(files()).toEqual([]);
  const staged = (await machine.host.files.text(`/srv/staging${STORE}`)) ?? "";
  expect([staged.includes(own.pem.trim()), staged.includes(one.pem.trim())]).toEqual([true, true]);
  await trustAnchors.delete(machine.host, id, outputs);
  expect(readdirSync(machine.real("/srv/staging"))).toEqual(["keep"]);
});

test.each<[string, Partial<Record<keyof TrustAnchorsInputs, unknown>>, string]>([
  ["no certificate", { certificates: ["hello"] }, "certificates[0]: must be one certificate as PEM text; it has 0"],
  ["two in one", { certificates: ["TWICE"] }, "certificates[0]: must be one certificate as PEM text; it has 2"],
  [
    "garbage in armour",
    { certificates: ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] },
    "certificates[0]: has the armour of a certificate, but its content is none",
  ],
  ["an owner that is a path", { owner: "../x" }, 'owner: is "../x"; must be lower-case letters, digits and dashes'],
  ["a root that is relative", { root: "x" }, 'root: is "x"; must be an absolute path'],
])("%s is refused", async (_name, changes, message) => {
  const certificates = (changes.certificates as string[] | undefined)?.map((pem) =>
    pem === "TWICE" ? one.pem + two.pem : pem,
  );
  const given = { ...inputs(one), ...changes, ...(certificates && { certificates }) } as TrustAnchorsInputs;
  const { failures } = await trustAnchors.check(machine.host, given, nobody);
  expect(failures.map(({ property, reason }) => `${property}: ${reason}`)).toEqual([expect.stringContaining(message)]);
});

describe("clients follow", () => {
  let server: https.Server;
  let address: string;
  const reached = new Set<string>();

  const serve = async (leaf: Authority["leaf"]): Promise<void> => {
    server = https.createServer(leaf, (request, response) => {
      reached.add(request.url ?? "");
      response.end("ok\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  /** The command of each client that is on this machine; the path tells who came. */
  const clients = async (url: string): Promise<Record<string, string[]>> => {
    const all: Record<string, string[]> = {
      curl: ["curl", "-sS", "--max-time", "10", `${url}/curl`],
      git: ["git", "ls-remote", `${url}/git`],
      go: ["go", "list", "-m", "example.test/x@v1.0.0"],
      node: [process.execPath, "-e", `require("node:https").get("${url}/node").on("error", () => process.exit(1))`],
      python3: ["python3", "-c", `import urllib.request; urllib.request.urlopen("${url}/python3", timeout=10)`],
      openssl: [
        "sh",
        "-c",
        `printf 'GET /openssl HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet -verify_return_error -connect ${url.slice(8)}`,
      ],
    };
    const there = await Promise.all(Object.keys(all).map((name) => onPath(name, process.env.PATH)));
    return Object.fromEntries(Object.entries(all).filter((_, index) => there[index] !== undefined));
  };

  /** Which clients reach the server with these roots as their only ones. */
  const reach = async (bundle: string): Promise<string[]> => {
    reached.clear();
    const env = {
      PATH: process.env.PATH,
      HOME: machine.real("/"),
      ...{ SSL_CERT_FILE: bundle, CURL_CA_BUNDLE: bundle, GIT_SSL_CAINFO: bundle, NODE_EXTRA_CA_CERTS: bundle },
      ...{
        SSL_CERT_DIR: "/nowhere",
        GOPROXY: `${address}/go`,
        GONOSUMDB: "*",
        GOFLAGS: "-modcacherw",
        GO111MODULE: "on",
      },
    };
    const commands = Object.values(await clients(address));
    await Promise.all(
      commands.map(
        ([command = "", ...args]) =>
          new Promise<void>((resolve) => execFile(command, args, { env, cwd: machine.real("/") }, () => resolve())),
      ),
    );
    return [...new Set([...reached].map((url) => url.split("/")[1]?.split("?")[0] ?? ""))].sort();
  };

  test("every client trusts a root after it was added and no longer after it was removed", async () => {
    await serve(one.leaf);
    const everybody = Object.keys(await clients(address)).sort();
    expect(everybody).toEqual(expect.arrayContaining(["curl", "git", "go", "node", "openssl"]));
    const bundle = machine.real(STORE);
    await install(two);
    expect(await reach(bundle)).toEqual([]);
    const outputs = await install(one, two);
    expect(await reach(bundle)).toEqual(everybody);
    await trustAnchors.update(machine.host, "/me", outputs, inputs(two), quiet);
    expect(await reach(bundle)).toEqual([]);
  }, 120_000);

  test("the same through the file that containers read", async () => {
    await serve(one.leaf);
    const file = "/srv/etc/trust/ca-certificates.crt";
    const everybody = Object.keys(await clients(address)).sort();
    machine.put(STORE, own.pem);
    const made = await trustBundle.create(machine.host, { path: file, certificates: [one.pem] }, quiet);
    expect(await reach(machine.real(file))).toEqual(everybody);
    const without = { path: file, certificates: [] };
    const seen = await trustBundle.read(machine.host, file, made.outputs);
    expect((await trustBundle.diff(machine.host, seen?.outputs ?? made.outputs, without, nobody)).changed).toEqual([
      "certificates",
    ]);
    await trustBundle.update(machine.host, file, made.outputs, without, quiet);
    expect(await reach(machine.real(file))).toEqual([]);
    await trustBundle.delete(machine.host, file, made.outputs);
    expect(readdirSync(machine.real("/srv/etc"))).toEqual([]);
  }, 120_000);
});
