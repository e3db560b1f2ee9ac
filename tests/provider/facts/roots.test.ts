import { mkdirSync, writeFileSync } from "node:fs";
import { distributionRoots, rootFile, runningFacts } from "../../../provider/facts/roots.ts";
import { trustAnchors } from "../../../provider/resources/trust-anchors.ts";
import { fingerprintOf, readPem } from "../../../provider/trust/pem.ts";
import { type Scratch, scratch } from "../scratch.ts";
import { type Authority, authority } from "../trust/certificates.ts";

let one: Authority;
let two: Authority;
let own: Authority;
let machine: Scratch;
beforeAll(() => {
  [one, two, own] = [authority("Ünïcode"), authority("Two"), authority("Own")];
});
beforeEach(() => {
  machine = scratch();
});
afterEach(() => machine.remove());
const fingerprints = (text: string): string[] => readPem(text).map(fingerprintOf);

test("a file with several certificates, text between them and Windows' line ends", async () => {
  machine.put("/team.pem", `Subject: somebody\r\n${one.pem}\n# and\n${two.pem}`.replaceAll("\n", "\r\n"));
  const { roots, problem } = await rootFile(machine.host, "/team.pem");
  expect(problem).toBe("");
  expect(roots.map(({ fingerprint }) => fingerprint)).toEqual(fingerprints(one.pem + two.pem));
  expect(roots[0]).toMatchObject({ ca: true, serverAuth: true, expired: false, disallowed: false });
  expect(roots[0]?.subject).toContain("Ünïcode");
});

test("a certificate that signs no others is told apart", async () => {
  machine.put("/team.pem", one.leaf.cert);
  expect((await rootFile(machine.host, "/team.pem")).roots[0]?.ca).toBe(false);
});

test.each<[string, () => string | undefined, RegExp]>([
  ["missing", () => undefined, /^does not exist$/],
  ["empty", () => "", /^has no certificate in it/],
  ["a private key", () => one.pem + one.leaf.key, /^holds a private key/],
  ["cut off", () => one.pem + two.pem.slice(0, 200), /^has 2 beginnings of PEM blocks, but 1 whole certificates$/],
  [
    "garbage in armour",
    () => `${one.pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    /^has something else than a certificate in block 2$/,
  ],
])("a file that cannot be taken: %s", async (_name, text, problem) => {
  const content = text();
  if (content !== undefined) machine.put("/team.pem", content);
  expect(await rootFile(machine.host, "/team.pem")).toEqual({
    path: "/team.pem",
    roots: [],
    problem: expect.stringMatching(problem),
  });
});

test("the distribution's own: not those that Debian's list switches off", async () => {
  mkdirSync(machine.real("/usr/local/share/ca-certificates"), { recursive: true });
  machine.put("/usr/share/ca-certificates/mozilla/one.crt", one.pem);
  machine.put("/usr/share/ca-certificates/mozilla/two.crt", two.pem);
  machine.put("/etc/ca-certificates.conf", "# list\nmozilla/one.crt\n!mozilla/two.crt\n");
  expect(await distributionRoots(machine.host)).toEqual(fingerprints(one.pem));
});

describe("what runs", () => {
  test("when the daemon started is told to a fraction of a second, whatever its name", async () => {
    machine.put("/var/run/docker.pid", "42\n");
    machine.put("/proc/42/stat", `42 (dock er) 1) S ${Array.from({ length: 18 }, () => "1").join(" ")} 150050 7 8`);
    machine.put("/proc/uptime", "1600.75 3000.00\n");
    const before = Date.now();
    const { dockerdStarted } = await runningFacts(machine.host);
    const age = 100_250;
    expect(Date.parse(dockerdStarted)).toBeGreaterThanOrEqual(before - age - 1);
    expect(Date.parse(dockerdStarted)).toBeLessThanOrEqual(Date.now() - age + 1);
  });

  test.each<[string, Record<string, string>]>([
    ["no daemon of this system", {}],
    ["a process that is gone", { "/var/run/docker.pid": "42", "/proc/uptime": "10.00 1.00" }],
    ["no number", { "/var/run/docker.pid": "../1" }],
  ])("when it started is not known: %s", async (_name, files) => {
    for (const [file, text] of Object.entries(files)) machine.put(file, text);
    expect((await runningFacts(machine.host)).dockerdStarted).toBe("");
  });

  const changed = async (): Promise<string> => (await runningFacts(machine.host)).trustChanged;
  const inputs = (...roots: Authority[]) => ({ certificates: roots.map(({ pem }) => pem), owner: "me", root: "" });
  const quiet = () => {};
  const folders = [
    "/usr/local/share/ca-certificates",
    "/usr/share/ca-certificates",
    "/etc/ssl/certs",
    "/etc/ca-certificates/update.d",
  ];
  const store = (): void => {
    for (const folder of folders) mkdirSync(machine.real(folder), { recursive: true });
    // Debian's tool leaves the bundle as it was when there is no root at all.
    machine.put("/usr/share/ca-certificates/mozilla/own.crt", own.pem);
    machine.put("/etc/ca-certificates.conf", "mozilla/own.crt\n");
  };

  test("a repaired file is no change of the roots; one that comes or goes is", async () => {
    store();
    const { id, outputs } = await trustAnchors.create(machine.host, inputs(one), quiet);
    const first = await changed();
    expect(first).not.toBe("");
    const { damaged, fingerprints: there } = outputs;
    expect([damaged, there]).toEqual([[], fingerprints(one.pem)]);
    const [file = ""] = (await machine.host.files.list("/usr/local/share/ca-certificates")).map(({ name }) => name);
    writeFileSync(machine.real(`/usr/local/share/ca-certificates/${file}`), "cut off");
    await trustAnchors.update(machine.host, id, outputs, inputs(one), quiet);
    expect(await changed()).toBe(first);
    await trustAnchors.update(machine.host, id, outputs, inputs(one, two), quiet);
    const second = await changed();
    expect(second > first).toBe(true);
    await trustAnchors.delete(machine.host, id, outputs);
    expect((await changed()) > second).toBe(true);
  });

  test.each(["{", "[]", "null", '{"digest":1}'])(
    "a note that cannot be read (%s): the folder's time counts",
    async (note) => {
      store();
      machine.put("/state/trust-store.json", note);
      const folder = await machine.host.files.changed("/usr/local/share/ca-certificates");
      expect(await changed()).toBe(folder?.toISOString());
    },
  );

  test("somebody else's change of the store is seen", async () => {
    store();
    await trustAnchors.create(machine.host, inputs(one), quiet);
    machine.put("/etc/ssl/certs/ca-certificates.crt", two.pem);
    const folder = await machine.host.files.changed("/usr/local/share/ca-certificates");
    expect(await changed()).toBe(folder?.toISOString());
  });
});
