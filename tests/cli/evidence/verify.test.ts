/** The real command, without anything but ssh-keygen on PATH: no engine, no Docker, no network is needed. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seal, writeEnvelope } from "../../../cli/signed/envelope.ts";
import { signWithSsh } from "../../../cli/signed/ssh.ts";
import { FORMAT, type Payload, VERSION } from "../../../domain/evidence/schema.ts";
import { edited, payloadOf } from "../../domain/evidence/records.ts";

const ROOT = join(__dirname, "../../..");
let folder: string;
let key: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gows-verify-"));
  key = join(folder, "key");
  const keygen = execFileSync("/bin/sh", ["-c", "command -v ssh-keygen"], { encoding: "utf8" }).trim();
  execFileSync(keygen, ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key]);
  for (const name of ["bin", "config"]) mkdirSync(join(folder, name));
  symlinkSync(keygen, join(folder, "bin/ssh-keygen"));
  const line = execFileSync("/bin/sh", ["-c", `printf 'lead@example.com %s' "$(cat ${key}.pub)"`], {
    encoding: "utf8",
  });
  writeFileSync(join(folder, "config/allowed_signers"), `${line}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function verify(args: string[], more: NodeJS.ProcessEnv = {}) {
  const env = {
    PATH: join(folder, "bin"),
    HOME: folder,
    WORKSTATION_CONFIG_DIR: join(folder, "config"),
    DOCKER_HOST: `unix://${folder}/no.sock`,
    ...more,
  };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "cli/main.ts"), "verify", ...args], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

async function file(name: string, payload: Payload, signed = true): Promise<string> {
  const sign = async (text: string) => await signWithSsh(key, FORMAT, text);
  const envelope = await seal({ format: FORMAT, version: VERSION }, payload, signed ? sign : undefined);
  writeFileSync(join(folder, name), writeEnvelope(envelope));
  return name;
}

test("all holds: 0, with who signed it", async () => {
  const { status, stdout, stderr } = verify([await file("good.json", payloadOf())]);
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^OK +file +it is signed by lead@example.com \(SHA256:/m);
  expect(stdout).toMatch(/^OK +links +each link used a suite of its profile$/m);
  expect(stdout).toMatch(/^All of good.json holds \(ada, taken 2026-11-24T19:34:00.000Z; 0 notes\)\.$/m);
});

test("something does not hold: 3, and it is named", async () => {
  const payload = edited((it) => {
    it.drift.drifted.push({ urn: "u", type: "t", name: "web", kind: "missing", fields: [] });
  });
  const name = await file("drifted.json", payload);
  const { status, stdout } = verify([name]);
  expect(status).toBe(3);
  expect(stdout).toMatch(/^FAIL +drift +web \(t\) is missing$/m);
  expect(stdout).toMatch(/^1 of \d+ statements of drifted.json do not hold/m);
  const json = verify([name, "--json"]);
  expect(json.status).toBe(3);
  expect(JSON.parse(json.stdout)).toMatchObject({
    holds: false,
    stack: "ada",
    signer: { principal: "lead@example.com" },
    checks: expect.arrayContaining([
      {
        part: "drift",
        id: "drift",
        title: "the machine was as declared",
        status: "fail",
        found: ["web (t) is missing"],
        notes: [],
      },
    ]),
  });
});

test("damaged: 1, and the part that was changed is named", async () => {
  const payload = payloadOf();
  const envelope = await seal({ format: FORMAT, version: VERSION }, payload, undefined);
  payload.policy.report.counts.mandatory = 7;
  writeFileSync(join(folder, "damaged.json"), writeEnvelope(envelope));
  const { status, stdout, stderr } = verify(["damaged.json", "--allow-unsigned"]);
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("damaged.json was changed after it was written: its sum does not match (policy)");
});

test("unsigned: 1, unless that is allowed, and then it is told", async () => {
  const name = await file("unsigned.json", payloadOf(), false);
  expect(verify([name])).toMatchObject({ status: 1, stderr: expect.stringContaining("is not signed") });
  const { status, stdout } = verify([name, "--allow-unsigned"]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^NOTE +file +it is not signed: anybody can have written it$/m);
});

test("signed by nobody who is known here: 1", async () => {
  const name = await file("unknown.json", payloadOf());
  const { status, stderr } = verify([name], { WORKSTATION_CONFIG_DIR: join(folder, "empty") });
  expect(status).toBe(1);
  expect(stderr).toMatch(/whom nobody here knows.*allowed_signers/s);
});

test.each([
  ["gone.json", "there is no such file"],
  ["bin", "cannot be read"],
])("%s: 1", (name, message) => {
  expect(verify([name])).toMatchObject({ status: 1, stderr: expect.stringContaining(message) });
});

test("content that is none is named, and no crash", async () => {
  const envelope = await seal({ format: FORMAT, version: VERSION }, null);
  writeFileSync(join(folder, "null.json"), writeEnvelope(envelope));
  const { status, stdout } = verify(["null.json", "--allow-unsigned"]);
  expect(status).toBe(3);
  expect(stdout).toMatch(/^FAIL +drift +is missing$/m);
});

test("a file cannot write to the terminal of who reads it, nor fill it", async () => {
  const payload = edited((it) => {
    const entry = { urn: "u", type: "t", name: "we\u001b[2Jb\nOK", kind: "missing", fields: [] };
    it.drift.drifted.push(...Array.from({ length: 30 }, () => entry));
  });
  const { stdout } = verify([await file("rude.json", payload)]);
  expect(stdout).not.toContain("\u001b");
  expect(stdout.match(/^FAIL +drift +we\ufffd\[2Jb\ufffdOK \(t\) is missing$/gm)).toHaveLength(20);
  expect(stdout).toMatch(/drift +and 10 more: --json names them$/m);
});
