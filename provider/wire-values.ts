/**
 * The engine's values and ours. Over the wire a property can be secret, unknown, an asset or a reference to a resource;
 * handlers see plain values. Secrets and unknowns are tracked by top-level name, which is how the engine masks them.
 */

// Fixed by the engine's protocol (pulumi sdk/go/common/resource).
export const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const refused: Record<string, string> = {
  "5cf8f73096256a8f31e491e813e4eb8e": "a resource; give its id or name instead",
  c44067f5952c0a294b673a41bacd8c17: "an asset; give its content as text instead",
  "0def7320c3a5731c473e5ecbe6d01bc7": "an archive; give a path instead",
};
const stringUnknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const unknowns = new Set([
  stringUnknown,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

export type Plain = null | boolean | number | string | Plain[] | { [name: string]: Plain };
export type PlainObject = { [name: string]: Plain };

export interface Decoded {
  /** Without the properties that hold something unknown. */
  values: PlainObject;
  /** Top-level names of properties that hold something unknown. */
  unknown: Set<string>;
  /** Top-level names of properties that hold something secret. */
  secret: Set<string>;
  /** What must never be shown: every text inside a secret property. */
  secretTexts: Set<string>;
  /** As they came, to send an unknown property back untouched. */
  raw: PlainObject;
}

export function decode(raw: PlainObject): Decoded {
  const decoded: Decoded = { values: {}, unknown: new Set(), secret: new Set(), secretTexts: new Set(), raw };
  for (const [name, value] of Object.entries(raw)) {
    if (name.startsWith("__")) continue;
    const marks = { unknown: false, secret: false };
    const plain = strip(value, name, marks);
    if (marks.unknown) decoded.unknown.add(name);
    else decoded.values[name] = plain;
    if (marks.secret) {
      decoded.secret.add(name);
      collectTexts(plain, decoded.secretTexts);
    }
  }
  return decoded;
}

function strip(value: Plain, path: string, marks: { unknown: boolean; secret: boolean }): Plain {
  if (typeof value === "string") {
    if (unknowns.has(value)) marks.unknown = true;
    return value;
  }
  if (Array.isArray(value)) return value.map((item, index) => strip(item, `${path}[${index}]`, marks));
  if (value === null || typeof value !== "object") return value;
  const signature = value[signatureKey];
  if (signature === secretSignature) {
    marks.secret = true;
    return strip(value.value ?? null, path, marks);
  }
  if (signature === outputSignature) {
    if (value.secret === true) marks.secret = true;
    if (value.value === undefined) marks.unknown = true;
    return strip(value.value ?? null, path, marks);
  }
  if (signature !== undefined)
    throw new Error(`${path} is ${refused[String(signature)] ?? "of a kind that this provider does not know"}`);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, strip(item, `${path}.${key}`, marks)]));
}

function collectTexts(value: Plain, into: Set<string>): void {
  if (typeof value === "string") {
    // Very short texts would blank out half of every message, and guessing them needs no message of ours.
    if (value.length >= 4) into.add(value);
    for (const line of value.split("\n")) if (line.trim().length >= 8) into.add(line.trim());
  } else if (typeof value === "number" && String(value).length >= 4) into.add(String(value));
  else if (Array.isArray(value)) for (const item of value) collectTexts(item, into);
  else if (value !== null && typeof value === "object")
    for (const item of Object.values(value)) collectTexts(item, into);
}

/** Back onto the wire: secret names wrapped, what has no value left out. */
export function encode(values: object, secret: ReadonlySet<string>): PlainObject {
  const result: PlainObject = {};
  for (const [name, value] of Object.entries(values)) {
    const clean = withoutUndefined(value);
    if (clean === undefined) continue;
    result[name] = secret.has(name) ? { [signatureKey]: secretSignature, value: clean } : clean;
  }
  return result;
}

function withoutUndefined(value: unknown): Plain | undefined {
  if (value === undefined || typeof value === "function") return undefined;
  if (Array.isArray(value)) return value.map((item) => withoutUndefined(item) ?? null);
  if (value === null || typeof value !== "object") return value as Plain;
  const result: PlainObject = {};
  for (const [key, item] of Object.entries(value)) {
    const clean = withoutUndefined(item);
    if (clean !== undefined) result[key] = clean;
  }
  return result;
}

/** Properties that came in with something unknown go back as they came. */
export function withUnknowns(encoded: PlainObject, decoded: Decoded): PlainObject {
  const result = { ...encoded };
  for (const name of decoded.unknown) result[name] = decoded.raw[name] ?? stringUnknown;
  return result;
}

/** For messages: secret texts out, longest first so that no part of one is left standing. */
export function redact(message: string, ...texts: ReadonlySet<string>[]): string {
  const all = texts.flatMap((set) => [...set]).sort((a, b) => b.length - a.length);
  let result = message;
  for (const text of all) {
    const quoted = JSON.stringify(text).slice(1, -1);
    for (const form of new Set([text, quoted])) result = result.replaceAll(form, "[secret]");
  }
  return result;
}
