/** Which root certificates are installed, and why the others are not. Pure. */
import type { RootFile, TrustRoot, WindowsRoot } from "../facts.ts";

export interface RootQuestion {
  windows: readonly WindowsRoot[];
  files: readonly RootFile[];
  /** Fingerprints; undefined when the team has no list. */
  approved: readonly string[] | undefined;
  /** Fingerprints of the distribution's own. */
  distribution: readonly string[];
}

export interface LeftOut {
  fingerprint: string;
  subject: string;
  reason: string;
}

export interface RootSelection {
  /** Each once, sorted by fingerprint. */
  selected: TrustRoot[];
  leftOut: LeftOut[];
  /** What a person has to mend: files of the team that cannot be taken as they are. */
  problems: string[];
}

interface Candidate extends WindowsRoot {
  /** Names the place in the settings; empty for Windows. */
  file: string;
}

export function selectRoots({ windows, files, approved, distribution }: RootQuestion): RootSelection {
  const own = new Set(distribution);
  const list = approved && new Set(approved.map((text) => text.replaceAll(":", "").toLowerCase()));
  const selected = new Map<string, TrustRoot>();
  const leftOut = new Map<string, LeftOut>();
  const problems = files.flatMap(({ path, problem }) =>
    problem === "" ? [] : [`hostSync.roots.files: ${path} ${problem}`],
  );
  const candidates: Candidate[] = [
    ...windows.map((root) => ({ ...root, file: "" })),
    ...files.flatMap(({ path, roots }) => roots.map((root) => ({ ...root, file: path }))),
  ];
  // Windows' word that a root is bad holds for the same root from a file.
  const banned = new Set(windows.filter(({ disallowed }) => disallowed).map(({ fingerprint }) => fingerprint));
  for (const root of candidates) {
    const { fingerprint, subject, pem } = root;
    const reason = banned.has(fingerprint) ? DISALLOWED : whyNot(root, own, list);
    if (reason === undefined) selected.set(fingerprint, { fingerprint, subject, pem });
    else if (!leftOut.has(fingerprint)) leftOut.set(fingerprint, { fingerprint, subject, reason });
  }
  for (const fingerprint of selected.keys()) leftOut.delete(fingerprint);
  return {
    selected: [...selected.values()].sort(byFingerprint),
    leftOut: [...leftOut.values()].sort(byFingerprint),
    problems,
  };
}

const DISALLOWED = "it stands in Windows' list of disallowed certificates";

function whyNot(root: Candidate, own: ReadonlySet<string>, list: ReadonlySet<string> | undefined): string | undefined {
  if (root.disallowed) return DISALLOWED;
  if (root.ca === false) return "it is no certificate authority";
  if (!root.serverAuth) return "it is not for authenticating servers";
  if (root.expired === true) return `it expired on ${root.notAfter.slice(0, 10)}`;
  if (own.has(root.fingerprint)) return "the distribution has it already";
  if (list !== undefined && !list.has(root.fingerprint)) return "it is not on the list hostSync.roots.approved";
  return undefined;
}

const byFingerprint = (a: { fingerprint: string }, b: { fingerprint: string }): number =>
  a.fingerprint < b.fingerprint ? -1 : a.fingerprint > b.fingerprint ? 1 : 0;
