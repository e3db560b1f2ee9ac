/** An SSH signature as text (OpenSSH's PROTOCOL.sshsig): who signed, and for what. */
import { createHash } from "node:crypto";

const BEGIN = "-----BEGIN SSH SIGNATURE-----";
const END = "-----END SSH SIGNATURE-----";
const MAGIC = "SSHSIG";
const VERSION = 1;
const COLUMNS = 70;

export interface Armor {
  /** As in a .pub file, without a comment. */
  key: string;
  fingerprint: string;
  namespace: string;
}

export function renderArmor(blob: Buffer): string {
  const lines = blob.toString("base64").match(new RegExp(`.{1,${COLUMNS}}`, "g")) ?? [];
  return `${[BEGIN, ...lines, END].join("\n")}\n`;
}

/** Undefined for what is no signature, or is not written as `ssh-keygen` writes it. */
export function parseArmor(text: string): Armor | undefined {
  if (!text.startsWith(`${BEGIN}\n`) || !text.endsWith(`\n${END}\n`)) return undefined;
  const blob = Buffer.from(text.slice(BEGIN.length, -END.length - 1).replaceAll("\n", ""), "base64");
  // Base64 has bits at its end that mean nothing: one signature, one spelling.
  if (renderArmor(blob) !== text || blob.toString("latin1", 0, MAGIC.length) !== MAGIC) return undefined;
  if (blob.length < MAGIC.length + 4 || blob.readUInt32BE(MAGIC.length) !== VERSION) return undefined;
  const [key, namespace] = strings(blob, MAGIC.length + 4, 2);
  const type = key === undefined ? undefined : strings(key, 0, 1)[0]?.toString("latin1");
  if (key === undefined || namespace === undefined || !/^[a-z0-9@.-]+$/.test(type ?? "")) return undefined;
  return {
    key: `${type} ${key.toString("base64")}`,
    fingerprint: `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`,
    namespace: namespace.toString("utf8"),
  };
}

/** The first `count` strings, each behind its length. */
function strings(blob: Buffer, from: number, count: number): Buffer[] {
  const found: Buffer[] = [];
  let at = from;
  while (found.length < count && at + 4 <= blob.length) {
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) break;
    found.push(blob.subarray(at + 4, end));
    at = end;
  }
  return found;
}
