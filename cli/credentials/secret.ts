/** What may be a secret, by its form alone. No message repeats it. */
import { CliError } from "../errors.ts";

export type SecretKind = "password" | "ssh key";

const PRIVATE_KEY = /^-----BEGIN ([A-Z0-9]+ )?PRIVATE KEY-----\r?\n[\s\S]+-----END ([A-Z0-9]+ )?PRIVATE KEY-----\s*$/;

export const kindOf = (secret: string): SecretKind => (secret.startsWith("-----BEGIN ") ? "ssh key" : "password");

/** The secret as it is stored: a password without the end of its line, a key with Unix line ends. */
export function checkSecret(text: string, from: string): string {
  if (text.trimStart().startsWith("-----BEGIN ")) return checkKey(text, from);
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw new CliError(`${from}: is empty. Nothing was changed.`);
  const lines = secret.split(/\r?\n|\r/).length;
  if (lines > 1) throw new CliError(`${from}: has ${lines} lines; a password or token is one line.`);
  if (/[\p{Cc}]/u.test(secret)) throw new CliError(`${from}: holds characters that cannot be typed.`);
  if (secret.trim() !== secret) throw new CliError(`${from}: begins or ends with a space; take that out.`);
  return secret;
}

export function checkKey(text: string, from: string): string {
  const key = text.trim().replace(/\r\n/g, "\n");
  if (/^(ssh-|ecdsa-|sk-)/.test(key)) {
    throw new CliError(`${from}: is a public key. Name the private one, the file without .pub.`);
  }
  if (key.startsWith("PuTTY-User-Key-File")) {
    throw new CliError(
      `${from}: is a key of PuTTY. \`puttygen FILE -O private-openssh -o NEW\` makes one for OpenSSH.`,
    );
  }
  if (!PRIVATE_KEY.test(key)) {
    throw new CliError(`${from}: is not a private SSH key: it should begin with -----BEGIN ... PRIVATE KEY-----.`);
  }
  if (isProtected(key)) {
    throw new CliError(
      `${from}: is protected by a passphrase, which nobody can type inside the proxy. Make a key of its own for this host without one (\`ssh-keygen -N "" -f FILE\`) and allow it only to read.`,
    );
  }
  return key;
}

function isProtected(key: string): boolean {
  if (key.includes("BEGIN ENCRYPTED PRIVATE KEY") || /^Proc-Type: 4,ENCRYPTED/m.test(key)) return true;
  if (!key.startsWith("-----BEGIN OPENSSH PRIVATE KEY-----")) return false;
  const body = Buffer.from(key.replace(/-----[^-]+-----/g, ""), "base64");
  const magic = "openssh-key-v1\0";
  if (body.toString("latin1", 0, magic.length) !== magic) return false;
  const length = body.readUInt32BE(magic.length);
  return body.toString("latin1", magic.length + 4, magic.length + 4 + length) !== "none";
}
