/** With real keys and the real ssh-keygen. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Envelope, readEnvelope, requireSigner, seal, writeEnvelope } from "../../../cli/signed/envelope.ts";
import { signerOf, signWithSsh } from "../../../cli/signed/ssh.ts";
import { contentHash } from "../../../domain/recipe-hash.ts";

const KIND = { format: "go-workstation-test", version: 2 };
const payload = { b: [1, null, "ü"], a: { z: true } };

let folder: string;
const place = (name: string): string => join(folder, name);
const publicKey = (name: string): string => readFileSync(place(`${name}.pub`), "utf8").trim();
const allowed = (name: string, lines: string): string => {
  writeFileSync(place(name), lines);
  return place(name);
};
const sealedBy = async (key: string): Promise<Envelope> =>
  await seal(KIND, payload, async (text) => await signWithSsh(place(key), KIND.format, text));

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gows-signed-"));
  for (const [name, type] of [
    ["ada", "ed25519"],
    ["bob", "ecdsa"],
  ] as const) {
    execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", `${name}@canary-host`, "-f", place(name)]);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(["ada", "bob"])("what %s signed is read back, and its signer is known by a file", async (name) => {
  const text = writeEnvelope(await sealedBy(name));
  expect(text).not.toContain("canary-host");
  const envelope = readEnvelope(text, KIND, "F");
  expect(envelope.payload).toEqual(payload);
  expect(envelope.signer?.key).toBe(publicKey(name).split(" ").slice(0, 2).join(" "));
  const shown = execFileSync("ssh-keygen", ["-l", "-f", place(`${name}.pub`)], { encoding: "utf8" });
  expect(shown).toContain(envelope.signer?.fingerprint);
  const file = allowed("known", `lead@example.com ${publicKey(name)}\n`);
  const missing = place("not-there");
  const verified = await requireSigner(envelope, "F", { files: [missing, file], allowUnsigned: false });
  expect(verified).toMatchObject({ principal: "lead@example.com", file });
});

test("standard tools check it too: the rest of the file as sorted JSON is what was signed", async () => {
  const { signature = "", signer: _signer, ...rest } = await sealedBy("ada");
  writeFileSync(place("signature"), signature);
  const file = allowed("standard", `lead ${publicKey("ada")}\n`);
  const { a, b } = payload;
  const input = JSON.stringify({ format: rest.format, payload: { a, b }, sha256: rest.sha256, version: rest.version });
  const args = ["-Y", "verify", "-f", file, "-I", "lead", "-n", KIND.format, "-s", place("signature")];
  expect(execFileSync("ssh-keygen", args, { input, encoding: "utf8" })).toMatch(/^Good /);
});

test.each([
  ["nobody", () => ""],
  ["somebody else", () => `lead ${publicKey("bob")}\n`],
  ["the key for another purpose", () => `lead namespaces="git" ${publicKey("ada")}\n`],
  ["the key until yesterday", () => `lead valid-before="20200101" ${publicKey("ada")}\n`],
])("allowed_signers that name %s: refused, with the line that would allow it", async (_, lines) => {
  const envelope = readEnvelope(writeEnvelope(await sealedBy("ada")), KIND, "F");
  const files = [allowed("others", lines())];
  await expect(requireSigner(envelope, "F", { files, allowUnsigned: false })).rejects.toThrow(
    /whom nobody here knows.*others:\n {2}NAME namespaces="go-workstation-test" ssh-ed25519 /s,
  );
  expect(await requireSigner(envelope, "F", { files, allowUnsigned: true })).toEqual({ signer: envelope.signer });
});

const trust = { files: [], allowUnsigned: true };

test.each<[string, (envelope: Envelope) => void]>([
  [
    "the payload, with its sum",
    (it) => {
      it.payload = { ...payload, a: 1 };
      it.sha256 = contentHash(it.payload);
    },
  ],
  [
    "the version",
    (it) => {
      it.version = 1;
    },
  ],
])("%s cannot be changed under a signature, whatever is allowed", async (_, change) => {
  const envelope = await sealedBy("ada");
  change(envelope);
  const read = readEnvelope(writeEnvelope(envelope), KIND, "F");
  await expect(requireSigner(read, "F", trust)).rejects.toThrow(/^F was changed after it was signed.*does not fit/);
});

test("a signature for another kind of file does not fit", async () => {
  const envelope = await seal(KIND, payload, async (text) => await signWithSsh(place("ada"), "git", text));
  await expect(requireSigner(envelope, "F", trust)).rejects.toThrow(/signed for something else/);
});

test("unsigned: only where it is allowed", async () => {
  const envelope = readEnvelope(writeEnvelope(await seal(KIND, payload)), KIND, "F");
  expect(envelope).not.toHaveProperty("signature");
  await expect(requireSigner(envelope, "F", { files: [], allowUnsigned: false })).rejects.toThrow(
    "F is not signed. Ask for a signed one, or take it as it is with --allow-unsigned.",
  );
  expect(await requireSigner(envelope, "F", trust)).toBeUndefined();
});

test.each<[string, (it: Record<string, unknown>) => void, RegExp]>([
  [
    "sum",
    (it) => {
      it.payload = {};
    },
    /^F was changed after it was written: its sum does not match \(all\)/,
  ],
  [
    "format",
    (it) => {
      it.format = "other";
    },
    /"format" is "other", and must be "go-workstation-test"/,
  ],
  [
    "version",
    (it) => {
      it.version = 3;
    },
    /version 3, which is newer than this program knows \(2\)/,
  ],
  [
    "no version",
    (it) => {
      it.version = "2";
    },
    /"version" is "2", and must be a number/,
  ],
  [
    "no payload",
    (it) => {
      delete it.payload;
    },
    /has no "payload"/,
  ],
  [
    "no sum",
    (it) => {
      delete it.sha256;
    },
    /has no "sha256"/,
  ],
  [
    "signature",
    (it) => {
      it.signature = "x";
    },
    /its signature cannot be read/,
  ],
  [
    "no text as signature",
    (it) => {
      it.signature = 1;
    },
    /"signature" is no text/,
  ],
  [
    "signer",
    (it) => {
      it.signer = { key: "ssh-ed25519 AAAA", fingerprint: "SHA256:x" };
    },
    /"signer" is not the key/,
  ],
])("damaged: %s", async (_, change, message) => {
  const fields = JSON.parse(writeEnvelope(await sealedBy("ada"))) as Record<string, unknown>;
  change(fields);
  expect(() => readEnvelope(JSON.stringify(fields), KIND, "F", () => "all")).toThrow(message);
});

test.each([
  ["", /does not parse as JSON/],
  ['{"format":', /does not parse as JSON/],
  ["[]", /must be a JSON object/],
])("%j is no such file", (text, message) => {
  expect(() => readEnvelope(text, KIND, "F")).toThrow(message);
});

test("a signature that is cut short is an error, and no crash", async () => {
  const { signature = "" } = await sealedBy("ada");
  const lines = signature.split("\n");
  for (let count = 1; count < lines.length - 3; count++) {
    const cut = [lines[0], ...lines.slice(1, -2).slice(0, count - 1), "-----END SSH SIGNATURE-----", ""].join("\n");
    expect(() => signerOf(cut, "F") && undefined).not.toThrow(RangeError);
  }
  expect(() => signerOf(`${lines[0]}\nU1NI\n-----END SSH SIGNATURE-----\n`, "F")).toThrow(/cannot be read/);
});

test.each([
  ["no file", "gone", /--key .*gone: there is no such file/],
  ["no key", "text", /ssh-keygen could not sign with it: .*ssh-add/s],
])("a key that is %s", async (_, name, message) => {
  if (name === "text") writeFileSync(place(name), "no key\n", { mode: 0o600 });
  await expect(signWithSsh(place(name), KIND.format, "x")).rejects.toThrow(message);
});

test("a key with a passphrase asks nobody, and says what helps", async () => {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "secret words", "-f", place("locked")]);
  await expect(signWithSsh(place("locked"), KIND.format, "x")).rejects.toThrow(/has to be in the SSH agent/);
});
