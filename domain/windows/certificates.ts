/** Windows' root certificates: what each is, and whether Windows takes it for servers. */
import { X509Certificate } from "node:crypto";
import type { WindowsRoot } from "../facts.ts";
import { isObject, listOf, stringIn, strings } from "./json.ts";

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const ANY_PURPOSE = "2.5.29.37.0";

export interface RootsRead {
  roots: WindowsRoot[];
  /** One line for each certificate that was left out: which, and why. */
  unreadable: string[];
}

/**
 * `disallowed` are SHA-1 thumbprints, which is how Windows names certificates. Each root comes once, however many of
 * Windows' physical stores have it; the strictest word on its purposes counts.
 */
export function readRoots(value: unknown, disallowed: readonly string[], now: Date): RootsRead {
  const refused = new Set(disallowed.map((thumbprint) => thumbprint.toUpperCase()));
  const roots = new Map<string, WindowsRoot>();
  const unreadable: string[] = [];
  listOf(value).forEach((entry, index) => {
    try {
      const root = readRoot(entry, refused, now);
      const known = roots.get(root.fingerprint);
      if (known === undefined) roots.set(root.fingerprint, root);
      else known.serverAuth &&= root.serverAuth;
    } catch (error) {
      const thumbprint = isObject(entry) ? stringIn(entry.thumbprint) : "";
      const which = thumbprint === "" ? `number ${index + 1}` : thumbprint;
      unreadable.push(`certificate ${which}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  return { roots: [...roots.values()], unreadable };
}

function readRoot(entry: unknown, refused: ReadonlySet<string>, now: Date): WindowsRoot {
  if (!isObject(entry)) throw new Error("is not described");
  const raw = stringIn(entry.raw).replace(/\s/g, "");
  if (raw === "" || !/^[A-Za-z0-9+/]+={0,2}$/.test(raw)) throw new Error("its bytes are not base64");
  const der = Buffer.from(raw, "base64");
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    throw new Error(`its ${der.length} bytes are not a certificate`);
  }
  // Bytes behind the certificate would be lost in its PEM, and the fingerprint would be another's.
  if (!certificate.raw.equals(der)) throw new Error("has bytes behind its end");
  const notAfter = Date.parse(certificate.validTo);
  if (!Number.isFinite(notAfter)) throw new Error("has no end of validity that can be read");
  return {
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    subject: certificate.subject?.split("\n").join(", ") ?? "",
    notAfter: new Date(notAfter).toISOString(),
    serverAuth: isForServers(certificate, entry, now),
    disallowed: refused.has(certificate.fingerprint.replaceAll(":", "")),
    pem: certificate.toString(),
  };
}

/**
 * Three places can keep a root from servers: its own extended key usage, the purposes that an administrator or
 * Microsoft's list left it in Windows, and a date from which Windows distrusts it.
 */
function isForServers(certificate: X509Certificate, entry: Readonly<Record<string, unknown>>, now: Date): boolean {
  const allows = (oids: readonly string[]) => oids.includes(SERVER_AUTH) || oids.includes(ANY_PURPOSE);
  const extension: readonly string[] | undefined = certificate.keyUsage;
  if (extension !== undefined && extension.length > 0 && !allows(extension)) return false;
  for (const left of strings(entry.purposes)) if (!allows(readOids(left))) return false;
  for (const taken of strings(entry.disallowedPurposes)) if (allows(readOids(taken))) return false;
  return !strings(entry.disallowedSince).some((since) => {
    const at = readFileTime(since);
    return at !== undefined && at <= now.getTime();
  });
}

/** Object identifiers of a DER sequence in base64. None means "for nothing at all". */
export function readOids(base64: string): string[] {
  const der = Buffer.from(base64, "base64");
  const whole = element(der, 0);
  if (whole?.tag !== 0x30) return [];
  const oids: string[] = [];
  for (let at = whole.start; at < whole.end; ) {
    const inner = element(der, at);
    if (inner === undefined) break;
    if (inner.tag === 0x06) oids.push(oidText(der.subarray(inner.start, inner.end)));
    at = inner.end;
  }
  return oids;
}

function element(der: Buffer, at: number): { tag: number; start: number; end: number } | undefined {
  const tag = der[at];
  const first = der[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  const octets = first < 0x80 ? 0 : first & 0x7f;
  if (octets > 3 || at + 2 + octets > der.length) return undefined;
  const length = octets === 0 ? first : der.readUIntBE(at + 2, octets);
  const start = at + 2 + octets;
  return start + length > der.length ? undefined : { tag, start, end: start + length };
}

function oidText(bytes: Buffer): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of bytes) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first = 0, ...others] = arcs;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...others].join(".");
}

/** Windows counts steps of 100 ns from 1601, in 8 bytes from the lowest up. */
function readFileTime(base64: string): number | undefined {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length !== 8) return undefined;
  return Number(bytes.readBigUInt64LE(0) / 10_000n - 11_644_473_600_000n);
}
