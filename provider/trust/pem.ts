/** Certificates as text: armour in and out, fingerprints without parsing more than the armour. */
import { X509Certificate } from "node:crypto";
import type { WindowsRoot } from "../../domain/facts.ts";
import { sha256 } from "../originals.ts";

const ARMOUR = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----\s+([A-Za-z0-9+/=\s]*?)-----END (?:TRUSTED )?CERTIFICATE-----/g;

/** The DER of each certificate in a text, in its order; what is between them is passed over. */
export function readPem(text: string): Buffer[] {
  return [...text.matchAll(ARMOUR)].map(([, body = ""]) => Buffer.from(body, "base64"));
}

export const fingerprintOf = (der: Buffer): string => sha256(der);

export function toPem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** Throws when the bytes are no certificate. */
export function describeRoot(der: Buffer, now: Date): WindowsRoot {
  const certificate = new X509Certificate(der);
  if (!certificate.raw.equals(der)) throw new Error("has bytes behind its end");
  const uses: readonly string[] | undefined = certificate.keyUsage;
  const notAfter = new Date(certificate.validTo);
  return {
    fingerprint: fingerprintOf(der),
    subject: (certificate.subject ?? "").split("\n").join(", "),
    notAfter: notAfter.toISOString(),
    expired: notAfter < now,
    ca: certificate.ca,
    // Extended key usage: none means no restriction.
    serverAuth:
      uses === undefined || uses.length === 0 || uses.includes("1.3.6.1.5.5.7.3.1") || uses.includes("2.5.29.37.0"),
    disallowed: false,
    pem: toPem(der),
  };
}

/** Each certificate once, sorted by fingerprint, so that the same set is the same text. */
export function renderBundle(ders: Iterable<Buffer>): string {
  const byFingerprint = new Map([...ders].map((der) => [fingerprintOf(der), der]));
  return [...byFingerprint.keys()]
    .sort()
    .map((fingerprint) => toPem(byFingerprint.get(fingerprint) as Buffer))
    .join("");
}
