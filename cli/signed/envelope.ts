/** A JSON file that is passed on between people: its content with a sum and, as a rule, an SSH signature. */
import { canonicalJson, contentHash } from "../../domain/recipe-hash.ts";
import { CliError } from "../errors.ts";
import { type Signer, type SshSignature, signerOf, type Verified, verifySsh } from "./ssh.ts";

export interface Envelope {
  format: string;
  version: number;
  payload: unknown;
  /** Of the payload as canonical JSON, in hexadecimal. */
  sha256: string;
  /** Over everything else but `signer`, as canonical JSON. */
  signature?: string;
  signer?: Signer;
}

/** What a reader expects. `format` is the signatures' namespace as well: one for another kind of file never fits. */
export interface Kind {
  format: string;
  /** The newest that this program reads. */
  version: number;
}

/** Outer fields are signed too: otherwise a file could be passed off as one of another version. */
export const signedText = ({ format, version, payload, sha256 }: Envelope): string =>
  canonicalJson({ format, version, payload, sha256 });

/** `sign` gets the text; without it the file is unsigned. */
export async function seal(
  { format, version }: Kind,
  payload: unknown,
  sign?: (text: string) => Promise<SshSignature>,
): Promise<Envelope> {
  const open = { format, version, payload, sha256: contentHash(payload) };
  if (sign === undefined) return open;
  const { armor, signer } = await sign(signedText(open));
  return { ...open, signature: armor, signer };
}

export const writeEnvelope = (envelope: Envelope): string => `${JSON.stringify(envelope, null, 2)}\n`;

/** `changed` names what of the payload was changed, where that can be told. `what` starts messages. */
export function readEnvelope(
  text: string,
  kind: Kind,
  what: string,
  changed: (payload: unknown) => string = () => "",
): Envelope {
  const envelope = checked(parse(text, what), kind, what);
  if (envelope.sha256 === contentHash(envelope.payload)) return envelope;
  const where = changed(envelope.payload);
  throw new CliError(
    `${what} was changed after it was written: its sum does not match${where === "" ? "" : ` (${where})`}. Get it again.`,
  );
}

function parse(text: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CliError(`${what} is damaged: it does not parse as JSON. Get it again.`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CliError(`${what} is no such file: it must be a JSON object.`);
  }
  return value as Record<string, unknown>;
}

function checked(fields: Record<string, unknown>, kind: Kind, what: string): Envelope {
  const { format, version, payload, sha256, signature } = fields;
  if (format !== kind.format) {
    throw new CliError(`${what}: "format" is ${JSON.stringify(format) ?? "missing"}, and must be "${kind.format}".`);
  }
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1) {
    throw new CliError(
      `${what} is damaged: "version" is ${JSON.stringify(version) ?? "missing"}, and must be a number.`,
    );
  }
  if (version > kind.version) {
    throw new CliError(
      `${what} has version ${version}, which is newer than this program knows (${kind.version}). Update go-workstation.`,
    );
  }
  if (payload === undefined) throw new CliError(`${what} is damaged: it has no "payload".`);
  if (typeof sha256 !== "string") throw new CliError(`${what} is damaged: it has no "sha256".`);
  if (signature === undefined) return { format: kind.format, version, payload, sha256 };
  if (typeof signature !== "string") throw new CliError(`${what} is damaged: "signature" is no text.`);
  const signer = signerOf(signature, what);
  const told = fields.signer as Partial<Signer> | undefined | null;
  if (told?.key !== signer.key || told.fingerprint !== signer.fingerprint) {
    throw new CliError(`${what} is damaged: "signer" is not the key of its signature.`);
  }
  return { format: kind.format, version, payload, sha256, signature, signer };
}

export interface TrustQuestion {
  /** allowed_signers files, in this order. */
  files: readonly string[];
  allowUnsigned: boolean;
}

/** Undefined for one that is unsigned and allowed to be; a signature that does not fit is never allowed. */
export async function requireSigner(
  envelope: Envelope,
  what: string,
  { files, allowUnsigned }: TrustQuestion,
): Promise<Verified | undefined> {
  const { format, signature } = envelope;
  if (signature === undefined) {
    if (allowUnsigned) return undefined;
    throw new CliError(`${what} is not signed. Ask for a signed one, or take it as it is with --allow-unsigned.`);
  }
  const verified = await verifySsh(what, { armor: signature, text: signedText(envelope), namespace: format }, files);
  if (verified.principal !== undefined || allowUnsigned) return verified;
  throw new CliError(
    `${what} is signed by ${verified.signer.fingerprint}, whom nobody here knows. When you have compared that with its owner, add a line to ${files.join(" or ")}:\n` +
      `  NAME namespaces="${format}" ${verified.signer.key}`,
  );
}
