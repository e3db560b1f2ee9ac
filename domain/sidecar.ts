/** A container beside the developer's: the same limits and least rights for all of them. */
import type { ContainerPlan, Mount } from "./containers.ts";
import { containerName, LABEL_CPUS, LABEL_METRICS, LABEL_SIDECAR, ownLabels } from "./names.ts";
import type { GoProgram } from "./recipe.ts";

/** Builds the sidecars and fetches for Athens; what Athens' own go.mod asks for is the least. */
export const SIDECAR_GO = "1.26.8";

/** In the container of an authority. */
export const AUTHORITY = "/var/lib/workstation-ca";

/** `workstation-NAME` of `sidecars/NAME`. */
export const sidecarProgram = (root: string, name: "ca" | "goproxy" | "sumdb"): GoProgram => ({
  module: `${root}/sidecars/${name}`,
  package: `./cmd/workstation-${name}`,
  binary: `workstation-${name}`,
});

/** How often Docker asks whether a sidecar is well. */
export const HEALTH: Omit<ContainerPlan["healthcheck"], "tests"> = {
  // Spelled as Docker's clock prints it, or each refresh would see a change.
  interval: "5s",
  timeout: "10s",
  startPeriod: "1m0s",
  retries: 3,
};

export interface SidecarPlan {
  /** Of the container. */
  name: string;
  /** Last part of resource names and the host name. */
  role: string;
  user: string;
  command: string[];
  envs: string[];
  labels: Record<string, string>;
  /** Where it tells its metrics, in the container; none without a network. */
  metrics?: string;
  mounts: Mount[];
  /** Folders in memory, with their mount options. */
  tmpfs: Record<string, string>;
  ports: ContainerPlan["ports"];
  /** The stack's network with this name in it, that of another service, or none for a container that talks to nobody. */
  network: { name: string; alias: string } | { of: string } | undefined;
  /** MiB. */
  memory: number;
  cpus: string | undefined;
  pids: number;
  healthcheck: ContainerPlan["healthcheck"];
}

/** Its own labels, and those by which a policy knows it. */
export function sidecarLabels({ labels, role, metrics, cpus }: SidecarPlan): Record<string, string> {
  return {
    ...labels,
    [LABEL_SIDECAR]: role,
    ...(metrics === undefined ? {} : { [LABEL_METRICS]: metrics }),
    ...(cpus === undefined ? { [LABEL_CPUS]: "all" } : {}),
  };
}

export interface CaQuestion {
  stack: string;
  role: string;
  /** The authority's, on this machine. */
  folder: string;
  owner: string;
}

/** The container that keeps an authority's certificates fresh; the image has `workstation-ca`. */
export function planCa({ stack, role, folder, owner }: CaQuestion): SidecarPlan {
  const files = [
    "--state",
    `${AUTHORITY}/state`,
    "--declaration",
    `${AUTHORITY}/declaration.json`,
    "--out",
    `${AUTHORITY}/out`,
  ];
  return {
    name: containerName(stack, role),
    role,
    user: owner,
    command: ["/usr/local/bin/workstation-ca", "serve", ...files],
    envs: [],
    labels: ownLabels(stack, `${role}-container`),
    mounts: [{ type: "bind", source: folder, target: AUTHORITY, readOnly: false }],
    tmpfs: {},
    ports: [],
    network: undefined,
    memory: 64,
    cpus: undefined,
    pids: 64,
    healthcheck: { ...HEALTH, tests: ["CMD", "/usr/local/bin/workstation-ca", "status", ...files] },
  };
}
