import { createHash } from "node:crypto";
import { defineRule, type Rule } from "../rule.ts";

const ARMOUR = /-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]*?)-----END CERTIFICATE-----/g;

const fingerprints = (pem: string): string[] =>
  [...pem.matchAll(ARMOUR)].map(([, body = ""]) =>
    createHash("sha256").update(Buffer.from(body, "base64")).digest("hex"),
  );

const plain = (fingerprint: string): string => fingerprint.replaceAll(":", "").toLowerCase();

export function approvedRoots(approved: string[] = []): Rule {
  return defineRule({
    id: "trust-approved",
    title: "Only approved root certificates are installed",
    why: "Whoever holds the key of an installed root can pose as every server to every program of the machine: each one needs somebody who answers for it.",
    fix: "Take the root out of hostSync.roots.files, or have its fingerprint put on the list after whoever is responsible has agreed; hostSync.roots.approved then keeps all others out. Without a list in the policy's configuration this rule has nothing to compare with.",
    reference: "BSI TR-02103, 2 (trust anchors are chosen, not inherited)",
    level: "mandatory",
    options: { approved },
    schema: {
      approved: {
        type: "array",
        items: { type: "string" },
        description: "SHA-256 fingerprints of the roots that may be installed, with or without colons.",
      },
    },
    checks: {
      "workstation:index:TrustAnchors"({ certificates }, report, options) {
        if (options.approved.length === 0) return;
        const allowed = new Set(options.approved.map(plain));
        for (const [i, certificate] of (certificates ?? []).entries()) {
          for (const fingerprint of fingerprints(certificate)) {
            if (!allowed.has(fingerprint)) report(`root ${fingerprint} is not on the list`, `certificates[${i}]`);
          }
        }
      },
    },
  });
}
