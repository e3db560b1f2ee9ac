/** Root certificates: what goes into the distribution's store, and what containers trust. */
import type { Facts } from "../facts.ts";
import { resolveMode, stagingFolder } from "../machine/mode.ts";
import type { MachineQuestion, Told } from "../machine/plan.ts";
import { stackSlug } from "../names.ts";
import type { PendingChange } from "../restart/change.ts";
import { renderTrustProfile, TRUST_PROFILE } from "../trust/profile.ts";
import { type LeftOut, selectRoots } from "../trust/select.ts";

/** Logical name of the component; its resource is `trust-anchors`. */
export const TRUST = "trust";

export interface RootsPlan {
  /** Undefined when there is nothing to install. */
  anchors: { certificates: string[]; owner: string; root: string } | undefined;
  /** For login shells; there with `anchors`. */
  profile: { path: string; content: string } | undefined;
  /** PEM of what containers trust beyond the machine's bundle. */
  further: string[];
  /** Fingerprints that every consumer has to have, sorted. */
  expected: string[];
  leftOut: LeftOut[];
}

export interface RootsAnswer extends Told {
  roots: RootsPlan;
  pending: PendingChange[];
}

export function planRoots({ stack, settings, facts, root }: MachineQuestion): RootsAnswer {
  const mode = resolveMode(settings.hostSync.mode, facts.system);
  const { roots } = settings.hostSync;
  const off = mode === "off";
  const { selected, leftOut, problems } = selectRoots({
    windows: !off && roots.windows ? facts.windows.roots : [],
    files: off ? [] : facts.rootFiles,
    approved: roots.approved,
    distribution: facts.distributionRoots,
  });
  const fromFiles = new Set(facts.rootFiles.flatMap((file) => file.roots.map(({ fingerprint }) => fingerprint)));
  const warnings = leftOut
    .filter(({ fingerprint, reason }) => fromFiles.has(fingerprint) && !reason.startsWith("the distribution"))
    .map(({ subject, reason }) => `hostSync.roots.files: "${subject}" is left out: ${reason}.`);
  if (mode === "live" && selected.length > 0 && facts.docker.flavour === "desktop") {
    warnings.push(
      "Docker Desktop takes its roots from Windows: install the team's roots there and restart it. Nothing is changed for its daemon here.",
    );
  }
  const byFingerprint = new Map([...facts.trustRoots, ...selected].map((one) => [one.fingerprint, one.pem]));
  const expected = [...byFingerprint.keys()].sort();
  const installed = selected.length > 0;
  const below = mode === "staged" ? stagingFolder(root, stack) : "";
  return {
    roots: {
      anchors: installed
        ? { certificates: selected.map(({ pem }) => pem), owner: stackSlug(stack), root: below }
        : undefined,
      profile: installed ? { path: `${below}${TRUST_PROFILE}`, content: renderTrustProfile() } : undefined,
      further: expected.map((fingerprint) => byFingerprint.get(fingerprint) as string),
      expected,
      leftOut,
    },
    pending: mode === "live" ? daemonBehind(facts) : [],
    problems,
    warnings,
  };
}

/** A Go program reads the store once, at its first connection: the daemon knows what was there when it started. */
function daemonBehind({ docker, running }: Facts): PendingChange[] {
  const { dockerdStarted, trustChanged } = running;
  if (docker.flavour !== "engine" || dockerdStarted === "" || trustChanged === "" || dockerdStarted > trustChanged)
    return [];
  return [
    {
      resource: `${TRUST}-anchors`,
      field: "fingerprints",
      wanted: `root certificates of ${trustChanged}`,
      running: `those of ${dockerdStarted}`,
      needs: "dockerd-restart",
    },
  ];
}
