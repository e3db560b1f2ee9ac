/** A container beside the developer's: the same limits and least rights for all of them. */
import type { ContainerPlan, Mount } from "../containers.ts";

export interface SidecarPlan {
  /** Of the container. */
  name: string;
  /** Last part of resource names and the host name. */
  role: string;
  user: string;
  command: string[];
  envs: string[];
  labels: Record<string, string>;
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
