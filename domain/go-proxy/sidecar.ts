/** A container beside the developer's: the same limits and least rights for all of them. */
import type { ContainerPlan, Mount } from "../containers.ts";
import { LABEL_CPUS, LABEL_METRICS, LABEL_SIDECAR } from "../names.ts";

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
