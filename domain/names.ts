/** Every name that Docker sees is made here, so that the CLI finds what the program declared. */
import { createHash } from "node:crypto";
import type { Facts } from "./facts.ts";

export const LABEL_STACK = "io.go-workstation.stack";
export const LABEL_RESOURCE = "io.go-workstation.resource";
export const LABEL_RECIPE = "io.go-workstation.recipe";
/** Hash of a configuration that a program reads once, when it starts. */
export const LABEL_CONFIG = "io.go-workstation.config";
/** Says that a container has the capability to debug because its settings ask for it. */
export const LABEL_DEBUG = "io.go-workstation.debug";
/** `all`: no CPU limit, because the settings ask for none. */
export const LABEL_CPUS = "io.go-workstation.cpus";
/** Go settings that come from the machine's own `go env` and weaken what Go checks, such as `GOSUMDB`. */
export const LABEL_INHERITED = "io.go-workstation.inherited";
/** What a module proxy asks, as in GOPROXY. */
export const LABEL_UPSTREAM = "io.go-workstation.upstream";
/** The role of a container that serves the others. */
export const LABEL_SIDECAR = "io.go-workstation.sidecar";
/** Where a sidecar tells its metrics. */
export const LABEL_METRICS = "io.go-workstation.metrics";
/** `cache`: what a volume holds is made again by itself. */
export const LABEL_KIND = "io.go-workstation.kind";
/** Where the backup of a volume is. */
export const LABEL_BACKUP = "io.go-workstation.backup";
/** Who accepted that what a volume holds can be lost. */
export const LABEL_LOSS_ACCEPTED_BY = "io.go-workstation.loss-accepted-by";

/** Components all of whose volumes are caches. Not by label: another label would make the volumes anew, empty. */
export const CACHE_COMPONENTS = ["workstation:components:ModuleCache", "workstation:components:GoProxy"];

/** The user in the image; the numbers are those of the project's owner. */
export const USER = "dev";
export const HOME = "/home/dev";

export interface Owner {
  uid: number;
  gid: number;
}

/** What a volume keeps, and where a container sees it. */
export const CACHES = {
  gomod: "/go/pkg/mod",
  gobuild: `${HOME}/.cache/go-build`,
  gopls: `${HOME}/.cache/gopls`,
} as const;
export type CacheKind = keyof typeof CACHES;

/**
 * A stack name in the form that Docker takes everywhere. Pulumi allows capitals, dots and underscores, image names
 * do not: a name that has to be changed gets a piece of its hash, so that two stacks never share objects.
 */
export function stackSlug(stack: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(stack)) return stack;
  const safe = stack
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 32)
    .replace(/-$/, "");
  const hash = createHash("sha256").update(stack).digest("hex").slice(0, 6);
  return safe === "" ? `s-${hash}` : `${safe}-${hash}`;
}

export const prefix = (stack: string): string => `gows-${stackSlug(stack)}`;
export const networkName = (stack: string): string => prefix(stack);
export const containerName = (stack: string, project: string): string => `${prefix(stack)}-${project}`;
export const imageRepository = (stack: string): string => `go-workstation/${stackSlug(stack)}/dev`;

/** `suffix` tells owners apart: see `ownerSuffix`. */
export const volumeName = (stack: string, kind: CacheKind, suffix = ""): string => `${prefix(stack)}-${kind}${suffix}`;

/** Containers never run as root: a project that root owns gets the first ordinary user. */
export function containerOwner(folder: Owner): Owner {
  return folder.uid === 0 ? { uid: 1000, gid: 1000 } : { uid: folder.uid, gid: folder.gid };
}

/**
 * Empty for whoever runs `up`, else `-u1001` or `-u1001-g100`. It follows from the numbers alone: with "the first
 * project's owner has none", reordering projects would rename volumes and so empty the caches.
 */
export function ownerSuffix(owner: Owner, user: Pick<Facts["user"], "uid" | "gid">): string {
  const self = containerOwner(user);
  if (owner.uid === self.uid && owner.gid === self.gid) return "";
  return owner.uid === owner.gid ? `-u${owner.uid}` : `-u${owner.uid}-g${owner.gid}`;
}

export const sdkFolder = (goVersion: string): string => `/usr/local/sdk/go${goVersion}`;
export const toolsFolder = (goVersion: string): string => `${sdkFolder(goVersion)}-tools/bin`;

/** PATH in a container of a project that uses this Go. */
export function searchPath(goVersion: string): string {
  const system = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  return ["/go/bin", `${sdkFolder(goVersion)}/bin`, toolsFolder(goVersion), ...system].join(":");
}

/** Labels of one of our Docker objects. */
export function ownLabels(stack: string, resource: string): Record<string, string> {
  return { [LABEL_RESOURCE]: resource, [LABEL_STACK]: stack };
}
