/** Settings of `credentials`: secrets by host. Messages about them name the host and never what stands there. */
import { z } from "zod";

const LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
const HOST = new RegExp(`^${LABEL}(\\.${LABEL})*(:[1-9]\\d{0,4})?$`);

/** Why a text is not the name of a credential; undefined when it is one. The text itself is not in the answer. */
export function credentialNameProblem(name: string): string | undefined {
  const allowed = "a host such as git.corp.example or git.corp.example:2222, s3, or redis";
  if (/^[a-z]+:\/\//i.test(name)) return `must be ${allowed}, without a scheme and without a path`;
  if (name.includes("@")) return `must be ${allowed}, without a user`;
  if (/[A-Z]/.test(name)) return `must be ${allowed}, in lower case`;
  if (name.length > 259 || !HOST.test(name)) return `must be ${allowed}`;
  if (Number(name.split(":")[1] ?? 1) > 65535) return `must be ${allowed}: the last port is 65535`;
  // What the engine writes when all credentials together were set as one secret.
  if (name === "secure") return "holds one secret for everything; each host has its own";
  return undefined;
}

const name = z.string().check(({ value, issues }) => {
  const problem = credentialNameProblem(value);
  if (problem !== undefined) issues.push({ code: "custom", message: problem, input: value });
});

/** As the engine hands it to the program. In a stack file it is refused: see `clearCredentials`. */
export const decrypted = z.string().min(1);

const encrypted = z.strictObject({ secure: z.string().min(1) });

export const credentials = z
  .record(name, z.union([encrypted, decrypted]))
  .default({})
  .describe(
    "Secrets by host (`name` or `name:port`), `s3` or `redis`, each encrypted by the engine: a password, a token, or a private SSH key. `./workstation credential set HOST` writes one; never by hand.",
  );

export type Credentials = z.output<typeof credentials>;

const SECTION = "credentials";
const BY_COMMAND = "`./workstation credential set HOST` writes one";

/** True for whatever stands at or below `credentials`. */
export const isCredential = (path: readonly PropertyKey[]): boolean => path[0] === SECTION;

/** As much of a path as may be shown: a wrong name, or what is below a host, can be the secret itself. */
export function shownPath(path: readonly PropertyKey[]): PropertyKey[] {
  const [section, host] = path;
  if (section === undefined) return [];
  return typeof host === "string" && credentialNameProblem(host) === undefined ? [section, host] : [section];
}

/** What is wrong at a path, without the value. */
export function describeCredential(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_key") {
    const reason = issue.issues[0]?.message ?? "is not a host";
    return `a name here (not shown, it may be a secret) ${reason}`;
  }
  if (issue.path.length < 2) return `must be a group of hosts, each with its encrypted secret: ${BY_COMMAND}`;
  return `must be encrypted (its value is not shown): ${BY_COMMAND}`;
}

/** Hosts whose secret can be read by whoever reads the stack file. */
export function clearCredentials(raw: unknown): string[] {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return [];
  return Object.entries(raw).flatMap(([host, value]) =>
    (typeof value === "string" || typeof value === "number") && credentialNameProblem(host) === undefined ? [host] : [],
  );
}

export const clearProblem = (host: string): string =>
  `stands here in the clear (its value is not shown). Count it as known to others: take a new one, and run \`./workstation credential set ${host}\`, which encrypts it`;
