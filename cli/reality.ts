/** Compares the engine's last state with what is on the machine. No engine, and nothing is changed. */
import { compareContainer, compareImage, compareNetwork, compareVolume } from "../domain/drift/docker.ts";
import type { Host } from "../provider/host.ts";
import type { DockerApi } from "./docker.ts";
import { type Deployment, machineResources, nameOf, type StateResource } from "./engine/checkpoint.ts";
import { type Listing, listStack } from "./observe.ts";

export interface Drift {
  urn: string;
  type: string;
  name: string;
  kind: "changed" | "missing" | "pending";
  fields: string[];
}

export interface Reality {
  checked: number;
  drifted: Drift[];
  listing: Listing;
}

type Finding = { kind: "changed" | "missing"; fields: string[] } | undefined;

const missing: Finding = { kind: "missing", fields: [] };
const differs = (fields: string[]): Finding => (fields.length === 0 ? undefined : { kind: "changed", fields });

export interface Observer {
  docker: DockerApi;
  /** For resource types of our own provider. Made only when there is one to look at. */
  host: () => Promise<Host>;
}

export async function lookAtReality(observer: Observer, stack: string, deployment: Deployment): Promise<Reality> {
  const resources = machineResources(deployment);
  const [listing, ...findings] = await Promise.all([
    listStack(observer.docker, stack),
    ...resources.map(async (resource) => await look(observer, resource)),
  ]);
  const drifted = resources.flatMap((resource, index): Drift[] => {
    const finding = findings[index];
    if (finding === undefined) return [];
    return [{ urn: resource.urn, type: resource.type, name: nameOf(resource.urn), ...finding }];
  });
  return { checked: resources.length, drifted, listing };
}

async function look(observer: Observer, resource: StateResource): Promise<Finding> {
  const { docker } = observer;
  const id = encodeURIComponent(resource.id ?? "");
  const compare = async (path: string, fields: (found: object) => string[]): Promise<Finding> => {
    const found = await docker.get<object>(path);
    return found === undefined ? missing : differs(fields(found));
  };
  const declared = { inputs: resource.inputs ?? {}, outputs: resource.outputs ?? {} };
  switch (resource.type) {
    case "docker:index/container:Container":
      return await compare(`/containers/${id}/json`, (found) => compareContainer(declared, found));
    case "docker:index/network:Network":
      return await compare(`/networks/${id}`, (found) => compareNetwork(declared, found));
    case "docker:index/volume:Volume":
      return await compare(`/volumes/${id}`, (found) => compareVolume(declared, found));
    case "docker:index/remoteImage:RemoteImage":
      return await compare(`/images/${encodeURIComponent(String(declared.outputs.imageId))}/json`, (found) =>
        compareImage(declared, found),
      );
    default:
      return resource.type.startsWith("workstation:") ? await lookAtOwn(observer, resource) : undefined;
  }
}

/** Our own types: the same handlers that the engine calls. */
async function lookAtOwn(observer: Observer, resource: StateResource): Promise<Finding> {
  const { handlers } = await import("../provider/handlers.ts");
  const handler = handlers[resource.type];
  if (handler === undefined) return undefined;
  const host = await observer.host();
  const found = await handler.read(host, resource.id ?? "", resource.outputs ?? {});
  if (found === undefined) return missing;
  const { changed } = await handler.diff(host, found.outputs, resource.inputs ?? {}, new Set());
  return differs(changed);
}
