/** One look at everything of a stack that Docker has: lists first, then details of what the state knows, side by side. */
import { LABEL_STACK, prefix } from "../domain/names.ts";
import { type DockerApi, labelled } from "./docker.ts";

export interface ListedContainer {
  Id: string;
  Names: string[];
  State: string;
  Labels: Record<string, string>;
  Ports?: { PublicPort?: number }[];
  HostConfig?: { NetworkMode?: string };
}

export interface ListedVolume {
  Name: string;
  Labels: Record<string, string> | null;
}

export interface ListedNetwork {
  Id: string;
  Name: string;
  Labels: Record<string, string> | null;
}

export interface Listing {
  containers: ListedContainer[];
  volumes: ListedVolume[];
  networks: ListedNetwork[];
}

/**
 * Everything that carries the stack's label or has one of its names. A container that somebody put in the place of ours
 * has the name only.
 */
export async function listStack(docker: DockerApi, stack: string): Promise<Listing> {
  const start = prefix(stack);
  const label = `${LABEL_STACK}=${stack}`;
  const named = (name: string): boolean => name === start || name.startsWith(`${start}-`);
  const ours = (labels: Record<string, string> | null | undefined): boolean => labels?.[LABEL_STACK] === stack;
  // An absent label on something with our name: another stack whose name starts with ours must not be taken for it.
  const foreign = (labels: Record<string, string> | null | undefined): boolean =>
    labels?.[LABEL_STACK] !== undefined && labels[LABEL_STACK] !== stack;
  const byName = encodeURIComponent(JSON.stringify({ name: [start] }));
  const [labelledContainers, namedContainers, volumes, networks] = await Promise.all([
    docker.get<ListedContainer[]>(`/containers/json?all=true&${labelled(label)}`),
    docker.get<ListedContainer[]>(`/containers/json?all=true&filters=${byName}`),
    docker.get<{ Volumes: ListedVolume[] | null }>(`/volumes?filters=${byName}`),
    docker.get<ListedNetwork[]>(`/networks?filters=${byName}`),
  ]);
  const containers = new Map<string, ListedContainer>();
  for (const container of [...(labelledContainers ?? []), ...(namedContainers ?? [])]) {
    const name = container.Names[0]?.replace(/^\//, "") ?? "";
    if (ours(container.Labels) || (named(name) && !foreign(container.Labels))) containers.set(container.Id, container);
  }
  return {
    containers: [...containers.values()],
    volumes: (volumes?.Volumes ?? []).filter((it) => ours(it.Labels) || (named(it.Name) && !foreign(it.Labels))),
    networks: (networks ?? []).filter((it) => ours(it.Labels) || (named(it.Name) && !foreign(it.Labels))),
  };
}
