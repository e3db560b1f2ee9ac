import { generateKeyPairSync } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as keys from "../../../cli/signing/keys.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gows-keys-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const content = Buffer.from("what is signed\n");
const text = (value: unknown): string => JSON.stringify(value);
const pem = (kind: "ed25519" | "x25519"): string =>
  generateKeyPairSync(kind as "ed25519").publicKey.export({ type: "spki", format: "pem" }) as string;

test.each([
  [{ WORKSTATION_CONFIG_DIR: "/keys", XDG_CONFIG_HOME: "/etc/ada" }, "/keys/signing"],
  [{ XDG_CONFIG_HOME: "/etc/ada" }, "/etc/ada/go-workstation/signing"],
  [{ XDG_CONFIG_HOME: "relative" }, "/home/ada/.config/go-workstation/signing"],
  [{}, "/home/ada/.config/go-workstation/signing"],
])("%j keeps keys in %s", (env, wanted) => {
  expect(keys.signingFolder(env, "/home/ada")).toBe(wanted);
});

test("the first signature makes a key for this user alone, and later ones are of the same key and the same bytes", () => {
  expect(keys.ownPublicKey(join(folder, "none"))).toBeUndefined();
  const first = keys.sign(folder, content);
  expect(keys.sign(folder, content)).toEqual(first);
  expect(statSync(join(folder, "key.pem")).mode & 0o777).toBe(0o600);
  expect(existsSync(join(folder, "key.pub.pem"))).toBe(true);
  const signer = keys.fingerprintOf(keys.signerOf(text(first), content, "file"));
  expect(signer).toBe(keys.fingerprintOf(keys.ownKey(folder).publicKey));
  expect(signer).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  expect(keys.isTrusted(folder, signer)).toBe(true);
});

test.each([
  ["another content", () => ({}), Buffer.from("what is signed!"), /was changed after it was signed/],
  ["no JSON", () => undefined, content, /signature cannot be read/],
  ["another algorithm", () => ({ algorithm: "rsa" }), content, /signature cannot be read/],
  ["a key that is none", () => ({ publicKey: "x" }), content, /no public key in PEM form/],
  ["a key of another kind", () => ({ publicKey: pem("x25519") }), content, /kind x25519; only ed25519/],
  ["another's key", () => ({ publicKey: pem("ed25519") }), content, /was changed after it was signed/],
  ["an empty signature", () => ({ signature: "" }), content, /was changed after it was signed/],
])("%s is refused", (_name, change, signed, message) => {
  const changed = change();
  const given = changed === undefined ? "{" : text({ ...keys.sign(folder, content), ...changed });
  expect(() => keys.signerOf(given, signed, "file")).toThrow(message);
});

test("others' keys are trusted, listed once, and forgotten", () => {
  const key = keys.readPublicKey(pem("ed25519"), "a file");
  const fingerprint = keys.fingerprintOf(key);
  expect(keys.isTrusted(folder, fingerprint)).toBe(false);
  const file = keys.trust(folder, key);
  expect(keys.trust(folder, key)).toBe(file);
  expect(keys.trustedKeys(folder)).toEqual([{ file, fingerprint }]);
  expect(keys.isTrusted(folder, fingerprint)).toBe(true);
  keys.distrust(folder, fingerprint);
  expect(keys.isTrusted(folder, fingerprint)).toBe(false);
  expect(() => keys.distrust(folder, fingerprint)).toThrow(`No key ${fingerprint} is trusted here`);
});

test("a key that others can read, or that is none, is an error that says what to do", () => {
  keys.ownKey(folder);
  const file = join(folder, "key.pem");
  chmodSync(file, 0o644);
  expect(() => keys.ownKey(folder)).toThrow(/mode 0644.*chmod 600/s);
  chmodSync(file, 0o600);
  writeFileSync(file, "nonsense");
  expect(() => keys.ownKey(folder)).toThrow(/is no private key/);
  const { privateKey } = generateKeyPairSync("ed25519");
  const secret = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  expect(() => keys.readPublicKey(secret, "x.pem")).toThrow(/holds a private key: pass on the public one/);
});
