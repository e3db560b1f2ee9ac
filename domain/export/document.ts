/** The file of an export: what it may hold, and how it is written. One content has one spelling, byte for byte. */
import { z } from "zod";
import { canonicalJson, contentHash } from "../recipe-hash.ts";
import { usedParameters } from "./apply.ts";
import { NAME } from "./placeholders.ts";
import type { Json } from "./spans.ts";

export const FORMAT = "go-workstation-export";
/** Raised when an older version could not use what a newer one writes. */
export const VERSION = 1;
/** Far above any settings; a file beyond it is something else. */
export const MOST_BYTES = 4 * 1024 * 1024;

/** One line, of characters that a terminal shows as they are. */
const line = z.string().regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{0,500}$/u);
/** Of 16384 bits at most, in base64. */
const publicKey = z.string().regex(/^[a-z0-9@.-]{1,60} [A-Za-z0-9+/=]{1,4000}$/);
const map = z.record(line, line);

const parameter = z.strictObject({
  name: z.string().regex(NAME).max(100),
  description: line,
  usedBy: z.array(line),
  secret: z.literal(true).optional(),
  type: z.literal("number").optional(),
});

const payload = z.strictObject({
  product: line,
  versions: z.strictObject({ node: line, pulumi: line, plugins: map, go: z.array(line), tools: z.record(line, map) }),
  settings: z.record(z.string(), z.json()),
  parameters: z.array(parameter),
  credentials: z.array(line),
});

const document = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  payload,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.string().max(20_000).optional(),
  signer: z.strictObject({ key: publicKey, fingerprint: line }).optional(),
});

export type Payload = z.output<typeof payload>;
export type Versions = Payload["versions"];
export type ExportDocument = z.output<typeof document>;
export type Signed = { signature: string; signer: { key: string; fingerprint: string } };

/** Why a file is not used. The message begins with what it is called by the person. */
export class ExportError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ExportError";
  }
}

/** What the signature is made over: everything but itself and who made it, which it names by itself. */
export const signedText = (content: Payload): string =>
  canonicalJson({ format: FORMAT, version: VERSION, payload: content, sha256: contentHash(content) });

export function renderExport(content: Payload, signed?: Signed): string {
  const whole: ExportDocument = {
    format: FORMAT,
    version: VERSION,
    payload: content,
    sha256: contentHash(content),
    ...signed,
  };
  return `${JSON.stringify(JSON.parse(canonicalJson(whole)), undefined, 2)}\n`;
}

/** `file` starts every message. The signature is not looked at here. */
export function parseExport(text: string, file: string): ExportDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ExportError(`${file} is damaged or no export: it does not parse as JSON. Get it again.`);
  }
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (format !== FORMAT) {
    throw new ExportError(
      `${file} is no export of settings: its "format" is not ${FORMAT}. \`./workstation export --out FILE\` makes one.`,
    );
  }
  if (typeof version === "number" && version > VERSION) {
    throw new ExportError(
      `${file} has version ${version}, and this checkout reads up to ${VERSION}. Update the checkout (git pull) and run this again, or have the export made by a checkout like this one.`,
    );
  }
  const result = document.safeParse(value);
  if (!result.success) {
    const places = [...new Set(result.error.issues.map(({ path }) => path.map(String).join(".") || "the whole"))];
    throw new ExportError(
      `${file} is damaged or was changed: wrong at ${places.slice(0, 5).map(shown).join(", ")}. Get it again.`,
    );
  }
  const { payload: content, sha256, signature, signer } = result.data;
  if (sha256 !== contentHash(content)) {
    throw new ExportError(
      `${file} was changed after it was made: its checksum does not fit its content. Get it again.`,
    );
  }
  if ((signature === undefined) !== (signer === undefined)) {
    throw new ExportError(`${file} is damaged or was changed: "signature" and "signer" belong together. Get it again.`);
  }
  const signed = signature === undefined || signer === undefined ? undefined : { signature, signer };
  // Keys twice, other spaces, another order: nothing that `export` writes.
  if (renderExport(content, signed) !== text) {
    throw new ExportError(`${file} was changed after it was made: \`export\` does not write it so. Get it again.`);
  }
  checkParameters(content, file);
  return result.data;
}

const shown = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?").slice(0, 80);

function checkParameters({ settings, parameters }: Payload, file: string): void {
  const { names, unreadable } = usedParameters(settings as Record<string, Json>);
  const known = new Set(parameters.map(({ name }) => name));
  const missing = names.filter((name) => !known.has(name));
  if ("credentials" in settings) unreadable.push("credentials, which no export has,");
  if (unreadable.length > 0 || missing.length > 0 || known.size !== parameters.length) {
    const wrong = [
      ...unreadable.map((place) => `${place} cannot be read`),
      ...missing.map((name) => `no parameter ${name}`),
    ];
    throw new ExportError(
      `${file} does not hold together: ${wrong.slice(0, 5).map(shown).join(", ") || "a parameter is there twice"}. Have it made again.`,
    );
  }
}
