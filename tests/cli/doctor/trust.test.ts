/** The proofs themselves, with the programs of this machine and servers on its loopback. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { CONTAINER_SCRIPT, readProof } from "../../../cli/doctor/trust-containers.ts";
import { proveTrust } from "../../../cli/doctor/trust-proof.ts";
import { authority } from "../../provider/trust/certificates.ts";

let home: string;
let bundle: string;
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), "trust-doctor-"));
  bundle = path.join(home, "bundle.pem");
  writeFileSync(bundle, authority("The machine's own").pem);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));
const env = (more: Record<string, string> = {}): NodeJS.ProcessEnv => ({ PATH: process.env.PATH, HOME: home, ...more });
const programs = ["curl", "git", "go", "node", "python3"];

test("every program comes through with the test root and not without it", async () => {
  expect(await proveTrust(bundle, env())).toEqual({ through: programs, careless: [], refused: [] });
}, 60_000);

test("what a person has switched off is seen: by variables, and in files at home", async () => {
  const other = mkdtempSync(path.join(home, "home-"));
  writeFileSync(path.join(other, ".curlrc"), "insecure\n");
  const careless = env({ HOME: other, NODE_TLS_REJECT_UNAUTHORIZED: "0", GIT_SSL_NO_VERIFY: "1" });
  expect(await proveTrust(bundle, careless)).toEqual({
    through: ["go", "python3"],
    careless: ["curl", "git", "node"],
    refused: [],
  });
}, 60_000);

test("a proxy that leads nowhere and private modules do not stand in the way", async () => {
  const proxies = { HTTPS_PROXY: "http://127.0.0.1:1", https_proxy: "http://127.0.0.1:1", GOPRIVATE: "example.test" };
  expect((await proveTrust(bundle, env(proxies)))?.refused).toEqual([]);
}, 60_000);

test("no openssl: nothing is claimed", async () => {
  expect(await proveTrust(bundle, { PATH: "/nonexistent" })).toBeUndefined();
});

describe("in a container (here: its script in a shell of this machine)", () => {
  const inShell = async (more: Record<string, string> = {}) => {
    const work = mkdtempSync(path.join(home, "tmp-"));
    const { stdout } = await promisify(execFile)("/bin/sh", ["-c", CONTAINER_SCRIPT], {
      env: env({ SSL_CERT_FILE: bundle, CURL_CA_BUNDLE: bundle, GIT_SSL_CAINFO: bundle, TMPDIR: work, ...more }),
    });
    expect(readdirSync(work)).toEqual([]);
    return readProof(stdout);
  };

  test("the same, and nothing is left behind", async () => {
    expect(await inShell()).toEqual({ right: programs, wrong: [], untried: "" });
  }, 60_000);

  test("programs that verify nothing are named", async () => {
    const { right, wrong } = await inShell({ NODE_TLS_REJECT_UNAUTHORIZED: "0", GIT_SSL_NO_VERIFY: "1" });
    expect(right).toEqual(["curl", "go", "python3"]);
    expect(wrong).toEqual(["git verifies nothing", "node verifies nothing"]);
  }, 60_000);

  test.each([
    ["no openssl\n", { right: [], wrong: [], untried: "it has no openssl" }],
    ["sh: mktemp: not found", { right: [], wrong: [], untried: expect.stringMatching(/not start \(sh: mktemp/) }],
    ["has curl\nhas go\nwith go", { right: ["go"], wrong: ["curl does not read the roots"], untried: "" }],
    ["has curl\nwithout curl\nwith curl", { right: [], wrong: ["curl verifies nothing"], untried: "" }],
  ])("%j", (output, expected) => {
    expect(readProof(output)).toEqual(expected);
  });
});
