/** Compares the engine's last state with what is on the machine. No engine, and nothing is changed. */
import {
  type ContainerInspect,
  compareContainer,
  compareImage,
  compareNetwork,
  compareVolume,
  type ImageInspect,
  type ImageOutputs,
  type NetworkInspect,
  type VolumeInspect,
} from "../domain/drift/docker.ts";
import type { DriftEntry } from "../domain/drift/summary.ts";
import type { DiffResult } from "../provider/handler.ts";
import type { Host } from "../provider/host.ts";
import { signatureKey } from "../provider/wire-values.ts";
import type { DockerApi } from "./docker.ts";
import { type Deployment, machineResources, nameOf, type StateResource } from "./engine/checkpoint.ts";
import { type Listing, listStack } from "./observe.ts";

export interface Reality {
  checked: number;
  drifted: DriftEntry[];
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
  const drifted = resources.flatMap((resource, index): DriftEntry[] => {
    const finding = findings[index];
    if (finding === undefined) return [];
    return [{ urn: resource.urn, type: resource.type, name: nameOf(resource.urn), ...finding }];
  });
  return { checked: resources.length, drifted, listing };
}

async function look(observer: Observer, resource: StateResource): Promise<Finding> {
  const { docker } = observer;
  const id = resource.id ?? "";
  const inputs = resource.inputs ?? {};
  const compare = async <T>(path: string, fields: (found: T) => string[]): Promise<Finding> => {
    const found = await docker.get<T>(path);
    return found === undefined ? missing : differs(fields(found));
  };
  switch (resource.type) {
    case "docker:index/container:Container":
      return await compare<ContainerInspect>(`/containers/${id}/json`, (found) => compareContainer(id, inputs, found));
    case "docker:index/network:Network":
      return await compare<NetworkInspect>(`/networks/${id}`, (found) => compareNetwork(id, inputs, found));
    case "docker:index/volume:Volume":
      return await compare<VolumeInspect>(`/volumes/${id}`, (found) => compareVolume(inputs, found));
    case "workstation:index:LocalImage":
      return await lookAtImage(docker, (resource.outputs ?? {}) as unknown as ImageOutputs);
    default:
      return resource.type.startsWith("workstation:") ? await lookAtOwn(observer, resource) : undefined;
  }
}

/**
 * Not through the handler: it needs the full client, which takes longer to load than everything else to compare. An image
 * that lost our name is missing, even when another name keeps it.
 */
async function lookAtImage(docker: DockerApi, outputs: ImageOutputs): Promise<Finding> {
  const found = await docker.get<ImageInspect>(`/images/${outputs.reference}/json`);
  return found === undefined ? missing : differs(compareImage(outputs, found));
}

/** Our own types: the same handlers that the engine calls. */
async function lookAtOwn(observer: Observer, resource: StateResource): Promise<Finding> {
  const { handlers } = await import("../provider/handlers.ts");
  const handler = handlers[resource.type];
  if (handler === undefined) return undefined;
  const host = await observer.host();
  const id = resource.id ?? "";
  const outputs = unsealed(resource.outputs ?? {});
  const inputs = unsealed(resource.inputs ?? {});
  const sealed = new Set([...outputs.sealed, ...inputs.sealed]);
  if (sealed.size > 0 && handler.driftSealed !== undefined) {
    const seen = await handler.driftSealed(host, id, outputs.plain, inputs.plain, sealed);
    return seen === undefined ? missing : differs(namesOf(seen));
  }
  const found = await handler.read(host, id, outputs.plain);
  if (found === undefined) return missing;
  // What is sealed cannot be compared without its key, which only the engine has; all else can.
  const seen = await handler.diff(host, found.outputs, inputs.plain, sealed);
  return differs(namesOf({ ...seen, changed: seen.changed.filter((name) => !sealed.has(name)) }));
}

const namesOf = ({ changed, details }: DiffResult): string[] => changed.flatMap((name) => details?.[name] ?? [name]);

/** The state's secrets are encrypted, at any depth; a property with one in it cannot be compared as it is. */
function unsealed(properties: Record<string, unknown>): { plain: Record<string, unknown>; sealed: string[] } {
  const sealed = Object.keys(properties).filter((name) => isSealed(properties[name]));
  const plain = Object.entries(properties).filter(([name]) => !sealed.includes(name));
  return { plain: Object.fromEntries(plain), sealed };
}

function isSealed(value: unknown): boolean {
  if (value === null || typeof value !== "object") return false;
  return signatureKey in value || Object.values(value).some(isSealed);
}
