/** The engine's last state of a stack: read from the file of a file backend without starting the engine. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { CliError, codeOf } from "../errors.ts";
import type { Backend } from "../setup/state.ts";

export const PROJECT = "go-workstation";

export interface StateResource {
  urn: string;
  type: string;
  custom: boolean;
  id?: string;
  parent?: string;
  provider?: string;
  /** Marked by an interrupted replacement: the old one, still to be removed. */
  delete?: boolean;
  external?: boolean;
  /** Made, but not in order: a container that could not be started. */
  initErrors?: string[] | null;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  dependencies?: string[];
  propertyDependencies?: Record<string, string[]>;
  replaceWith?: string[];
  deletedWith?: string;
}

export interface Deployment {
  resources?: StateResource[];
  pending_operations?: { type: string; resource: StateResource }[];
  secrets_providers?: { type: string; state?: { salt?: string } };
}

export interface Checkpoint {
  deployment: Deployment;
  /** The text it was read from: equal text, equal state. */
  text: string;
}

/** How many resources the engine speaks of: it does not count the providers that it made by itself. */
export function countResources(deployment: Deployment): number {
  const own = ({ type, urn }: StateResource) => type.startsWith("pulumi:providers:") && urn.includes("::default");
  return (deployment.resources ?? []).filter((resource) => !own(resource)).length;
}

export function checkpointFile(backend: Backend, stack: string): string | undefined {
  if (backend.folder === undefined) return undefined;
  return join(backend.folder, ".pulumi", "stacks", PROJECT, `${stack}.json`);
}

/** Undefined when the stack does not exist, or when the backend is not made of files. */
export function readCheckpoint(backend: Backend, stack: string): Checkpoint | undefined {
  const file = checkpointFile(backend, stack);
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { checkpoint } = JSON.parse(text) as { checkpoint: { latest?: Deployment } };
    return { deployment: checkpoint.latest ?? {}, text };
  } catch {
    throw new CliError(
      `${file} does not parse, although the engine writes it whole. Put the copy beside it (${stack}.json.bak) in its place.`,
    );
  }
}

export interface EngineLock {
  file: string;
  pid: number;
  hostname: string;
  username: string;
}

/** Locks of the file backend. A half-written one (its writer was killed) has no process: pid 0. */
export function engineLocks(backend: Backend, stack: string): EngineLock[] {
  if (backend.folder === undefined) return [];
  const folder = join(backend.folder, ".pulumi", "locks", "organization", PROJECT, stack);
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  } catch {
    return [];
  }
  return names.map((name) => {
    const file = join(folder, name);
    try {
      const lock = JSON.parse(readFileSync(file, "utf8")) as Partial<EngineLock>;
      return { file, pid: lock.pid ?? 0, hostname: lock.hostname ?? hostname(), username: lock.username ?? "" };
    } catch {
      return { file, pid: 0, hostname: hostname(), username: "" };
    }
  });
}

/** True while the process is there and is an engine: numbers are given again to other programs. */
export function isEngine(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    return /pulumi/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? "");
  } catch (error) {
    // With hidepid on /proc another user's process seems not to be there.
    return codeOf(error) === "EACCES" || isThere(pid);
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

export function removeLock(lock: EngineLock): void {
  rmSync(lock.file, { force: true });
  rmSync(`${lock.file}.attrs`, { force: true });
}

/** `gows:DevContainer$docker:index/container:Container::hello` at the end of a URN is called `hello`. */
export function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

export function typeOf(urn: string): string {
  const parts = urn.split("::");
  return parts[2]?.split("$").at(-1) ?? "";
}

/** Resources that stand for something on the machine, in the engine's order. */
export function machineResources(deployment: Deployment): StateResource[] {
  return (deployment.resources ?? []).filter(
    (resource) =>
      resource.custom && !resource.external && resource.delete !== true && !resource.type.startsWith("pulumi:"),
  );
}

/**
 * Takes resources out of a deployment, and every mention of them: the next run makes them again, and finds no reference
 * to something unknown. Pending operations go too: their objects are found by label instead.
 */
export function withoutResources(deployment: Deployment, urns: ReadonlySet<string>): Deployment {
  const { pending_operations: _, ...rest } = deployment;
  const keep = (list: string[] | undefined): string[] => (list ?? []).filter((urn) => !urns.has(urn));
  const resources = (deployment.resources ?? [])
    .filter((resource) => !urns.has(resource.urn))
    .map((resource) => {
      const copy = { ...resource };
      if (copy.dependencies !== undefined) copy.dependencies = keep(copy.dependencies);
      if (copy.propertyDependencies !== undefined) {
        copy.propertyDependencies = Object.fromEntries(
          Object.entries(copy.propertyDependencies).map(([key, list]) => [key, keep(list)]),
        );
      }
      if (copy.deletedWith !== undefined && urns.has(copy.deletedWith)) delete copy.deletedWith;
      if (copy.replaceWith !== undefined) copy.replaceWith = keep(copy.replaceWith);
      return copy;
    });
  return { ...rest, resources };
}
