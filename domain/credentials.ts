/** How a credential looks in settings and declarations: by the name it stands under, or by its own form. */

/** Ends of names that say what the value is. Not `_FILE` or `_ID`: those name a place or an account. */
const NAME =
  /(^|[_.-])(passwd|password|passphrase|token|secret|secret[_.-]?key|api[_.-]?key|private[_.-]?key|access[_.-]?key|credentials?)$/i;

export const namesCredential = (name: string): boolean => NAME.test(name);

/** A place where it can be read is not the thing itself. */
export const isPath = (value: string): boolean => /^(\/[\w.@-]+)+\/?$/.test(value);

/** Tokens that services mark as theirs. The sources of regular expressions, for use alone and within others. */
export const TOKENS: readonly string[] = [
  "glpat-[\\w-]{20}",
  "gh[opsru]_[A-Za-z0-9]{36}",
  "github_pat_\\w{22}",
  "AKIA[A-Z0-9]{16}",
];

const SHAPES: readonly [RegExp, string][] = [
  [/[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/@]+@/i, "a URL with a password"],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [new RegExp(`\\b(${TOKENS.join("|")})`), "an access token"],
  [/\bauthorization:\s*(basic|bearer|token)\s+\S/i, "an Authorization header"],
  [/\bmachine\s+\S+\s[^\n]*\bpassword\s+\S/, "a line of a netrc file"],
];

/** What it looks like, never what it is. */
export function shapeOf(text: string): string | undefined {
  return SHAPES.find(([shape]) => shape.test(text))?.[1];
}
