/** Turns what the engine sends of a resource into plain values. */

/** Thrown when a check looks at a value that nobody knows here: not yet made, or encrypted. */
export class UnknownValue extends Error {
  readonly path: string;

  constructor(path: string, reason = "is not known before the update") {
    super(`${path} ${reason}`);
    this.path = path;
  }
}

const ENCRYPTED = "is an encrypted secret, and its value not in the export";

/** A preview as JSON and a report of the engine have this in place of a secret. */
const MASKED = "[secret]";

/** How the engine writes "not known yet", one spelling a type (sdk/go/common/resource/plugin/rpc.go). */
const UNKNOWN = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/** What was found to be secret while the properties of a resource were decoded. */
interface Secrets {
  paths: Set<string>;
  /** Texts that a report must not have. */
  texts: Set<string>;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A getter, so that a check that never looks at an unknown value is not disturbed by it. */
function place(target: object, key: string | number, value: unknown, path: string, secrets: Secrets): void {
  const known = decode(value, path, secrets);
  Object.defineProperty(target, key, {
    enumerable: true,
    configurable: true,
    ...(known instanceof UnknownValue ? { get: () => raise(known) } : { value: known, writable: true }),
  });
}

function raise(error: Error): never {
  throw error;
}

function decode(value: unknown, path: string, secrets: Secrets): unknown {
  if (typeof value === "string") return decodeText(value, path, secrets);
  if (Array.isArray(value)) {
    const list: unknown[] = new Array(value.length);
    for (const [i, item] of value.entries()) place(list, i, item, `${path}[${i}]`, secrets);
    return list;
  }
  if (!isRecord(value)) return value ?? undefined;
  const signature = value[SIGNATURE];
  if (signature === SECRET || (signature === OUTPUT && value.secret === true)) secrets.paths.add(path);
  if (signature === SECRET) return decodeSecret(value, path, secrets);
  if (signature === OUTPUT && value.secret === true) noteTexts(value.value, secrets.texts);
  if (signature === OUTPUT) return "value" in value ? decode(value.value, path, secrets) : new UnknownValue(path);
  const record: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    place(record, key, item, path === "" ? key : `${path}.${key}`, secrets);
  }
  return record;
}

function decodeText(text: string, path: string, secrets: Secrets): unknown {
  if (text === MASKED) {
    secrets.paths.add(path);
    return new UnknownValue(path, ENCRYPTED);
  }
  return UNKNOWN.has(text) ? new UnknownValue(path) : text;
}

/** Over the wire a secret has its value; in a state its ciphertext, or with --show-secrets its value as JSON text. */
function decodeSecret(secret: Record<string, unknown>, path: string, secrets: Secrets): unknown {
  if ("value" in secret) {
    noteTexts(secret.value, secrets.texts);
    return decode(secret.value, path, secrets);
  }
  if (typeof secret.plaintext !== "string") return new UnknownValue(path, ENCRYPTED);
  let value: unknown;
  try {
    value = JSON.parse(secret.plaintext);
  } catch {
    return new UnknownValue(path, "is a secret whose text does not parse");
  }
  noteTexts(value, secrets.texts);
  return decode(value, path, secrets);
}

/** Shorter ones would take apart the words of a report. */
const SHORTEST_TEXT = 4;

function noteTexts(value: unknown, texts: Set<string>): void {
  if (typeof value === "string" && value.length >= SHORTEST_TEXT && !UNKNOWN.has(value)) texts.add(value);
  else if (typeof value === "object" && value !== null) for (const item of Object.values(value)) noteTexts(item, texts);
}

const secretsOf = new WeakMap<object, Secrets>();

/** Secrets are unwrapped: rules judge them like other values. Reports are freed of them by `withoutSecrets`. */
export function plainArgs(properties: Record<string, unknown>): object {
  const secrets: Secrets = { paths: new Set(), texts: new Set() };
  const decoded = decode(properties, "", secrets);
  const args = isRecord(decoded) ? decoded : {};
  secretsOf.set(args, secrets);
  return args;
}

/** Paths such as `envs[2]` of what the engine says is a secret; known even where the value is not. */
export const secretPaths = (args: object): ReadonlySet<string> => secretsOf.get(args)?.paths ?? new Set();

/** A message about these arguments without the values of their secrets. */
export function withoutSecrets(args: object, message: string): string {
  // The longest first: one can stand in another.
  const texts = [...(secretsOf.get(args)?.texts ?? [])].sort((a, b) => b.length - a.length);
  // Not inside a word of the message: a secret that is called "name" does not make "hostname" one.
  const whole = (secret: string): RegExp =>
    new RegExp(`(?<!\\w)${secret.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}(?!\\w)`, "g");
  return texts.reduce((text, secret) => text.replace(whole(secret), MASKED), message);
}
