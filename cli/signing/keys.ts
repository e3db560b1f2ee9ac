/**
 * Ed25519 keys that say who made a file: one of this user's own, and those of others that this user trusts. Loads nothing
 * beyond Node itself, because a bundle is checked before any package is there.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  sign as edSign,
  verify as edVerify,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { configFolder } from "../../provider/folders.ts";
import { CliError, codeOf, messageOf } from "../errors.ts";

type Env = Readonly<Record<string, string | undefined>>;

export interface Signature {
  algorithm: "ed25519";
  /** SPKI, PEM. */
  publicKey: string;
  /** Base64. */
  signature: string;
}

export const signingFolder = (env: Env, home: string): string => join(configFolder(env, home), "signing");

/** As ssh prints its keys: `SHA256:` and the hash in base64. */
export function fingerprintOf(key: KeyObject): string {
  const der = key.export({ type: "spki", format: "der" });
  return `SHA256:${createHash("sha256").update(der).digest("base64").replace(/=+$/, "")}`;
}

/** An Ed25519 public key from PEM. `where` starts the message when it is none. */
export function readPublicKey(pem: string, where: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    throw new CliError(`${where} holds no public key in PEM form (${messageOf(error)}).`);
  }
  if (pem.includes("PRIVATE KEY")) throw new CliError(`${where} holds a private key: pass on the public one only.`);
  if (key.asymmetricKeyType !== "ed25519") {
    throw new CliError(`${where} holds a key of the kind ${key.asymmetricKeyType}; only ed25519 is used here.`);
  }
  return key;
}

const pemOf = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }) as string;

/** This user's own key, made on first use. */
export function ownKey(folder: string): { privateKey: KeyObject; publicKey: KeyObject } {
  const file = join(folder, "key.pem");
  let text = readIfThere(file);
  if (text === undefined) {
    makeKey(folder, file);
    text = readFileSync(file, "utf8");
  }
  const mode = statSync(file).mode & 0o777;
  if ((mode & 0o077) !== 0) {
    throw new CliError(
      `${file} has mode 0${mode.toString(8)}: others could sign in your name. Run \`chmod 600 ${file}\`.`,
    );
  }
  try {
    const privateKey = createPrivateKey(text);
    return { privateKey, publicKey: createPublicKey(privateKey) };
  } catch (error) {
    throw new CliError(
      `${file} is no private key (${messageOf(error)}). Put the right one back, or remove it: the next signature makes a new one, which others have to trust anew.`,
    );
  }
}

/** The public half, without making a key. */
export function ownPublicKey(folder: string): KeyObject | undefined {
  return readIfThere(join(folder, "key.pem")) === undefined ? undefined : ownKey(folder).publicKey;
}

/** Complete or not there: of two who make one at once the first counts. */
function makeKey(folder: string, file: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  try {
    linkSync(temporary, file);
    writeFileSync(join(folder, "key.pub.pem"), pemOf(publicKey), { mode: 0o644 });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

export function sign(folder: string, content: Buffer): Signature {
  const { privateKey, publicKey } = ownKey(folder);
  return {
    algorithm: "ed25519",
    publicKey: pemOf(publicKey),
    signature: edSign(null, content, privateKey).toString("base64"),
  };
}

/** Whose signature it is; an error when the content is not what was signed. `what` starts messages. */
export function signerOf(text: string, content: Buffer, what: string): KeyObject {
  const { publicKey, signature } = parseSignature(text, what);
  const key = readPublicKey(publicKey, `${what}: its signature`);
  if (!edVerify(null, content, key, Buffer.from(signature, "base64"))) {
    throw new CliError(
      `${what} was changed after it was signed: the signature of ${fingerprintOf(key)} does not fit. Get it again.`,
    );
  }
  return key;
}

function parseSignature(text: string, what: string): Signature {
  let value: Partial<Signature>;
  try {
    value = JSON.parse(text) as Partial<Signature>;
  } catch {
    value = {};
  }
  const { algorithm, publicKey, signature } = value;
  if (algorithm !== "ed25519" || typeof publicKey !== "string" || typeof signature !== "string") {
    throw new CliError(`${what}: its signature cannot be read. It is damaged, or was made by a newer version.`);
  }
  return { algorithm, publicKey, signature };
}

export interface TrustedKey {
  fingerprint: string;
  file: string;
}

/** Keys of others that this user trusts, sorted. One that cannot be read is an error: ignoring it would puzzle. */
export function trustedKeys(folder: string): TrustedKey[] {
  const trusted = join(folder, "trusted");
  let names: string[];
  try {
    names = readdirSync(trusted);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
  return names
    .filter((name) => name.endsWith(".pem"))
    .map((name) => join(trusted, name))
    .map((file) => ({ file, fingerprint: fingerprintOf(readPublicKey(readFileSync(file, "utf8"), file)) }))
    .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
}

export function isTrusted(folder: string, fingerprint: string): boolean {
  const own = ownPublicKey(folder);
  if (own !== undefined && fingerprintOf(own) === fingerprint) return true;
  return trustedKeys(folder).some((key) => key.fingerprint === fingerprint);
}

/** Returns the file that the key is kept in. */
export function trust(folder: string, key: KeyObject): string {
  const fingerprint = fingerprintOf(key);
  const known = trustedKeys(folder).find((other) => other.fingerprint === fingerprint);
  if (known !== undefined) return known.file;
  const trusted = join(folder, "trusted");
  mkdirSync(trusted, { recursive: true, mode: 0o700 });
  const file = join(
    trusted,
    `${fingerprint
      .slice("SHA256:".length)
      .replace(/[^A-Za-z0-9]/g, "")
      .slice(0, 16)}.pem`,
  );
  writeFileSync(file, pemOf(key), { mode: 0o644 });
  return file;
}

export function distrust(folder: string, fingerprint: string): void {
  const known = trustedKeys(folder).find((key) => key.fingerprint === fingerprint);
  if (known === undefined) {
    throw new CliError(`No key ${fingerprint} is trusted here. \`./workstation trust-key\` lists those that are.`);
  }
  rmSync(known.file);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
