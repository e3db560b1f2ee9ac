/** Root certificates that an administrator added to this machine, beside the distribution's own. */
import { X509Certificate } from "node:crypto";
import path from "node:path";
import type { TrustRoot } from "../../domain/facts.ts";
import type { Host } from "../host.ts";

/** Debian and Ubuntu (only `*.crt` counts there); Fedora and RHEL; Arch. */
const places: { folder: string; suffix: string }[] = [
  { folder: "/usr/local/share/ca-certificates", suffix: ".crt" },
  { folder: "/etc/pki/ca-trust/source/anchors", suffix: "" },
  { folder: "/etc/ca-certificates/trust-source/anchors", suffix: "" },
];

export async function trustRoots(host: Host): Promise<TrustRoot[]> {
  const files = (await Promise.all(places.map((place) => certificateFiles(host, place.folder, place.suffix)))).flat();
  const texts = await Promise.all(files.map((file) => host.files.text(file).catch(() => undefined)));
  const roots = new Map<string, TrustRoot>();
  for (const text of texts) {
    for (const root of parseRoots(text ?? "", host.now())) roots.set(root.fingerprint, root);
  }
  return [...roots.values()].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
}

async function certificateFiles(host: Host, folder: string, suffix: string): Promise<string[]> {
  const entries = await host.files.list(folder).catch(() => []);
  const found = await Promise.all(
    entries.map((entry) => {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) return certificateFiles(host, file, suffix);
      // What we put there ourselves is no news: it would look like a change of the machine after each of ours.
      return entry.name.endsWith(suffix) && !entry.name.startsWith("go-workstation-") ? [file] : [];
    }),
  );
  return found.flat();
}

/** All certificates of a PEM text that are still valid; armour that does not parse is passed over. */
export function parseRoots(text: string, now: Date): TrustRoot[] {
  const blocks =
    text.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]*-----END (?:TRUSTED )?CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      const certificate = new X509Certificate(block);
      if (Date.parse(certificate.validTo) < now.getTime()) return [];
      return [
        {
          fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
          subject: certificate.subject.split("\n").join(", "),
          pem: certificate.toString(),
        },
      ];
    } catch {
      return [];
    }
  });
}
