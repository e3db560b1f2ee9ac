/**
 * What must not leave a person's settings. It takes more for a secret than the policy does: there a false alarm stops
 * an `up`, here it only makes a parameter that the other person is asked for.
 */
import { namesCredential, TOKENS } from "../credentials.ts";
import { groupSpans, merged, type Span } from "./spans.ts";

const WORDS =
  /^(auth|bearer|cookie|credentials?|creds?|key|mnemonic|otp|pass|passphrase|passwd|password|psk|pw|pwd|salt|secrets?|sig|token|tokens)$/;
/** Words before `key` that make it a secret one. */
const KEYS =
  /^(access|account|aes|api|app|auth|client|deploy|encryption|hmac|jwt|license|master|private|secret|session|shared|signing|ssh|storage|webhook)$/;
/** Written without anything between the words. */
const ENDS =
  /(passwd|password|passphrase|pwd|(?<!by|com|sur|tres)pass|token|secret|(?:access|api|auth|encryption|private|secret|signing|ssh)key|credentials?)$/i;
/** The value says where or what about it, and is not it. */
const ABOUT = /^(age|count|dir|env|file|files|folder|host|id|length|name|path|port|ttl|type|url|user|username)$/;

/** `clientSecret`, `API_KEY`, `PGPASSWORD`, `token_old`. */
export function namesSecret(name: string): boolean {
  if (namesCredential(name)) return true;
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  if (ABOUT.test(words.at(-1) ?? "")) return false;
  if (words.some((word) => ENDS.test(word))) return true;
  return words.some((word, index) => WORDS.test(word) && (word !== "key" || KEYS.test(words[index - 1] ?? "")));
}

/** A value below such a name that gives nothing away: a place, a reference to elsewhere, a switch. */
export const isHarmless = (value: string): boolean =>
  value === "" ||
  /^(true|false|null)$/i.test(value) ||
  /^\$(\w+|\{\w+\})$/.test(value) ||
  /^(~|\/(etc|home|mnt|opt|root|run|srv|tmp|usr|var|Users))(\/[\w.@-]+)+\/?$/.test(value);

const MORE_TOKENS = [
  ...TOKENS.map((token) => token.replace(/\{\d+\}$/, "{16,}")),
  "(?:A3T|AKIA|AGPA|AIDA|AROA|ASIA)[A-Z0-9]{12,}",
  "gl(?:pat|ptt|rt|dt|cbt|soat)-[\\w.-]{16,}",
  "xox[a-z]-[\\w-]{10,}",
  "(?:npm|pypi|dckr_pat|hvs|hvb|dop_v1|lin_api|shpat)[_.-][\\w-]{16,}",
  "[sr]k[-_](?:live|test|proj|ant)?[-_]?[\\w-]{16,}",
  "AIza[\\w-]{30,}",
  "ya29\\.[\\w-]{20,}",
  // A private key in base64, and what passwords are kept as.
  "LS0tLS1CRUdJTi(?!BDRVJU)[\\w+/=]+",
  "(?<=[\\s:=\"']|^)\\$(?:apr1|2[abxy]|5|6|y|argon2\\w*)\\$[\\w./$=,+-]{8,}",
  "AGE-SECRET-KEY-1[A-Z0-9]{20,}",
  // A JSON web token.
  "eyJ[\\w-]{8,}\\.eyJ[\\w-]{4,}(?:\\.[\\w-]*)?",
];

/** Each finds secrets by their own form, or by the words before them; the first group is the secret. */
const PATTERNS: readonly RegExp[] = [
  /(-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$(?![\s\S])))/dg,
  /(PuTTY-User-Key-File[\s\S]*)/dg,
  new RegExp(`(?<![A-Za-z0-9])(${MORE_TOKENS.join("|")})`, "dg"),
  // A user without a password in a URL is one too (tokens are passed so), except where the protocol is ssh.
  /(?<!ssh):\/\/([^\s/,|"'<>]{1,500})@/dg,
  /\bssh:\/\/[^\s/:@]{0,100}:([^\s/]{1,500})@/dg,
  // A password with a slash in it, which no URL may have and people write all the same.
  /(?<!ssh):\/\/(?![^\s/:@]{0,100}:\d+(?:\/|$))([^\s/:@]{0,100}:[^\s@]{0,300})@/dg,
  // user:password@tcp(host)/database
  /(?<![\w./:@-])([\w.-]{1,100}:[^\s@/"']{1,300})@(?!sha(?:256|512):)(?=[\w([])/dg,
  /\bauthorization["']?\s*[:=]\s*["']?(?:[A-Za-z]+\s+)?([^\s"']+)/dgi,
  /\b(?:bearer|basic)\s+((?=\S*[\d+=])[\w.~+/=-]{8,})/dgi,
  /\b(?:machine|login|account|default)\b[\s\S]{0,200}?\bpassword\s+(\S+)/dg,
  // Host, port, database, user and password, as PostgreSQL's own file has them.
  /^[^\s:#]{1,300}:(?:\d{1,5}|\*):[^\s:]{1,300}:[^\s:]{1,300}:(\S+)$/dgm,
  /\b(?:hooks\.slack\.com\/services|discord(?:app)?\.com\/api\/webhooks|webhook\.office\.com)\/([^\s"']+)/dg,
  /(?<!\S)(?:-u|--user)[ =]([^\s:]+:[^\s"']+)/dg,
  /\bsshpass\s+-p\s*(\S+)/dg,
  /<[\w.-]*(?:password|secret|token|apikey)>([^<]+)</dgi,
];

const FLAG = /(?<![\w-])--?([A-Za-z][\w.-]*)\s+(?!-)(\S+)/dg;
const ASSIGNMENT = /(["']?)([A-Za-z_][\w.-]{0,100})\1[ \t]{0,50}(?::=|=>|[:=])[ \t]*/g;
const QUOTED = /^("(?:[^"\\]|\\.)*"|'[^']*')/;

/** `name = value`: up to the end of the line where the line begins with it, else one word, or what is in quotes. */
function assignedSpans(text: string): Span[] {
  const found: Span[] = [];
  for (const match of text.matchAll(ASSIGNMENT)) {
    if (!namesSecret(match[2] ?? "")) continue;
    const from = match.index + match[0].length;
    const rest = text.slice(from);
    const quoted = QUOTED.exec(rest)?.[0];
    if (quoted !== undefined) {
      if (!isHarmless(quoted.slice(1, -1))) found.push({ start: from + 1, end: from + quoted.length - 1 });
      continue;
    }
    const line = text.slice(text.lastIndexOf("\n", match.index - 1) + 1, match.index);
    const begins = /^\s*(?:-\s+|export\s+|set\s+|ENV\s+|ARG\s+)?$/.test(line);
    const below = begins ? blockBelow(text, from, line) : undefined;
    if (below !== undefined) {
      found.push(below);
      continue;
    }
    const value = (begins && match[1] === "" ? /^[^\r\n]*/ : /^[^\s"',;}&]*/).exec(rest)?.[0].trimEnd() ?? "";
    if (!isHarmless(value)) found.push({ start: from, end: from + value.length });
  }
  return found.filter(({ start, end }) => start < end);
}

/** Lines further in than the one with the name, where nothing but a sign of YAML's stands behind that. */
function blockBelow(text: string, from: number, before: string): Span | undefined {
  const head = /^(?:[|>][-+\d]*)?[ \t]*\r?\n/.exec(text.slice(from))?.[0];
  if (head === undefined) return undefined;
  const columns = /^\s*/.exec(before)?.[0].length ?? 0;
  const block = new RegExp(
    `^(?:[ \\t]{${columns + 1},}\\S[^\\n]*(?:\\n|$)|[ \\t]*\\r?\\n(?=[ \\t]{${columns + 1},}\\S))+`,
  );
  const lines = block.exec(text.slice(from + head.length))?.[0];
  if (lines === undefined) return undefined;
  const start = from + head.length + (/^\s*/.exec(lines)?.[0].length ?? 0);
  return { start, end: from + head.length + lines.trimEnd().length };
}

function flagSpans(text: string): Span[] {
  return [...text.matchAll(FLAG)].flatMap(({ 1: name = "", 2: value = "", indices }) => {
    const range = indices?.[2];
    return range === undefined || !namesSecret(name) || isHarmless(value) ? [] : [{ start: range[0], end: range[1] }];
  });
}

/** Secrets in a text, in order, apart from each other. */
export function secretSpans(text: string): Span[] {
  return merged([
    ...PATTERNS.flatMap((pattern) => groupSpans(text, pattern)),
    ...assignedSpans(text),
    ...flagSpans(text),
  ]);
}

/** Last word of a list such as `["--token", "x"]`: the word behind it is the secret. */
export const announcesSecret = (word: unknown): boolean =>
  typeof word === "string" && /^--?[A-Za-z][\w-]*$/.test(word) && namesSecret(word.replace(/^-+/, ""));
