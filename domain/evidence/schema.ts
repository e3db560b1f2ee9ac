/** What evidence holds, part by part. Readers of an older version must be able to say what they do not understand. */
import { z } from "zod";

export const FORMAT = "go-workstation-evidence";
export const VERSION = 1;

const text = z.string();
const part = <T extends z.ZodRawShape>(shape: T) =>
  z.object({ from: text.describe("What the part was taken from."), ...shape });

const finding = z.looseObject({
  rule: text,
  level: z.enum(["mandatory", "advisory", "exempted"]),
  kind: text,
  name: text.optional(),
  message: text,
});

const exemption = z.object({ rule: text, resource: text, owner: text, reason: text, until: z.iso.date() });

const leaf = z.object({
  name: text,
  names: z.array(text),
  lifetime: text.describe("Go's spelling of a duration, such as 24h0m0s."),
  fault: text,
  serial: text.optional(),
  encryptionSerial: text.optional(),
  notAfter: z.iso.datetime({ offset: true }).optional(),
});

const authority = z.object({
  container: text,
  problem: text.nullable().describe("Why nothing more is known; null where it answered."),
  algorithm: text.optional(),
  sha256: text.optional().describe("Fingerprint of the root."),
  trusted: z.array(text).default([]),
  intermediateSha256: text.optional(),
  rootNotAfter: z.iso.datetime({ offset: true }).optional(),
  intermediateNotAfter: z.iso.datetime({ offset: true }).optional(),
  leaves: z.array(leaf).default([]),
  problems: z.array(text).default([]),
  warnings: z.array(text).default([]),
});

const negotiated = z.object({
  profile: text,
  version: text,
  suite: text,
  suiteName: text,
  group: text,
  signature: text,
  peer: z.object({ names: z.array(text), notAfter: z.iso.datetime({ offset: true }), serial: text, issuer: text }),
});

const link = z.object({
  from: text,
  to: text,
  port: z.int(),
  profile: text,
  ok: z.boolean(),
  problem: text.nullable(),
  negotiated: negotiated.nullable(),
  lastRotation: text.nullable(),
});

const image = z.object({
  resource: text,
  reference: text,
  id: text,
  recipe: text.describe("Hash of everything that the image is made of."),
  base: text.nullable().describe("An image of a registry that it is made from; null where it is made from packages."),
  layers: z.array(text).describe("Digests of the layers' content; empty where the image is not there."),
});

/** Each is judged by itself: a mistake in one hides no other. */
export const PARTS = {
  versions: part({
    product: text.nullable(),
    commit: text.nullable(),
    dirty: z.boolean().nullable(),
    node: text.nullable(),
    engine: text.nullable(),
    plugins: z.record(text, text),
    docker: text.nullable(),
  }),
  policy: part({
    report: z.looseObject({
      resources: z.int(),
      skipped: z.int(),
      counts: z.object({ mandatory: z.int(), advisory: z.int(), exempted: z.int() }),
      findings: z.array(finding),
    }),
    configuration: z.object({
      undecided: text,
      rules: z.record(text, z.looseObject({ level: text.optional() })),
    }),
    exemptions: z.array(exemption),
  }),
  export: part({
    document: z.looseObject({
      product: text,
      versions: z.record(text, z.unknown()),
      settings: z.record(text, z.unknown()),
      parameters: z.array(z.unknown()),
      credentials: z.array(text),
    }),
  }),
  images: part({ list: z.array(image) }),
  sbom: part({ image: text, document: z.record(text, z.unknown()) }),
  certificates: part({ authorities: z.array(authority) }),
  links: part({ enabled: z.boolean(), list: z.array(link) }),
  drift: part({
    checked: z.int(),
    drifted: z.array(z.object({ urn: text, type: text, name: text, kind: text, fields: z.array(text) })),
  }),
  resources: part({ list: z.array(z.object({ type: text, name: text, sha256: text })) }),
} as const;

export type PartName = keyof typeof PARTS;
export const PART_NAMES = Object.keys(PARTS) as PartName[];
export type Part<N extends PartName> = z.output<(typeof PARTS)[N]>;
export type Parts = { [N in PartName]: Part<N> };

export interface Payload extends Parts {
  /** ISO 8601. */
  taken: string;
  stack: string;
  /** SHA-256 of each part as canonical JSON: says which one was changed. */
  sums: Record<PartName, string>;
}
