/** From what differs to what has to be done about it before the engine runs. Pure. */
import type { DriftEntry } from "../../domain/drift/summary.ts";
import { LABEL_STACK } from "../../domain/names.ts";
import type { Listing } from "../observe.ts";
import type { Deployment, StateResource } from "./checkpoint.ts";

export const CONTAINER = "docker:index/container:Container";
export const NETWORK = "docker:index/network:Network";
export const VOLUME = "docker:index/volume:Volume";

/** Not put right by their own handler: an image is made anew, and a limit ends with its container. */
const MADE_ANEW = new Set(["LocalImage", "ProcessLimit"].map((type) => `workstation:index:${type}`));
const mendsItself = (type: string): boolean => type.startsWith("workstation:index:") && !MADE_ANEW.has(type);

export interface RepairPlan {
  /** Stopped and otherwise as declared. */
  start: { id: string; name: string }[];
  /** In this order: a network goes only when nothing hangs on it. */
  remove: { kind: "containers" | "networks" | "volumes"; id: string; why: string }[];
  /** Taken out of the engine's state, so that it makes them again. */
  forget: Set<string>;
  /** Replaced by the engine itself. */
  replace: string[];
  /** Read again by the engine: their provider knows how to change them back. */
  refresh: string[];
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

export function planRepair(deployment: Deployment, drifted: readonly DriftEntry[], listing: Listing): RepairPlan {
  const plan: RepairPlan = { start: [], remove: [], forget: new Set(), replace: [], refresh: [] };
  const resources = deployment.resources ?? [];
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const containers = resources.filter((resource) => resource.type === CONTAINER);
  const gone = new Set(drifted.filter((drift) => drift.kind === "missing").map((drift) => drift.urn));
  const removeContainers = (which: (resource: StateResource) => boolean, why: string): void => {
    for (const container of containers.filter(which)) {
      plan.forget.add(container.urn);
      if (!gone.has(container.urn)) plan.remove.push({ kind: "containers", id: container.id ?? "", why });
    }
  };
  for (const drift of drifted) {
    const resource = byUrn.get(drift.urn);
    // What waits for a restart is as declared; nothing of it is to be made again.
    if (resource === undefined || drift.kind === "pending") continue;
    const id = resource.id ?? "";
    if (resource.type === NETWORK) {
      // A container remembers its network by id, also while it is stopped: with another network it has to be another one.
      removeContainers(() => true, "its network is another one");
      if (drift.kind !== "missing") plan.remove.push({ kind: "networks", id, why: "it was changed" });
      plan.forget.add(resource.urn);
    } else if (resource.type === VOLUME) {
      if (drift.kind !== "missing") {
        removeContainers(uses(text(resource.outputs?.name)), "it holds a volume that was changed");
        plan.remove.push({ kind: "volumes", id, why: "it was changed" });
      }
      plan.forget.add(resource.urn);
    } else if (resource.type === CONTAINER && drift.kind !== "missing") {
      if (drift.fields.every((field) => field === "running"))
        plan.start.push({ id, name: text(resource.outputs?.name) });
      else plan.replace.push(resource.urn);
    } else if (mendsItself(resource.type)) {
      plan.refresh.push(resource.urn);
    } else {
      plan.forget.add(resource.urn);
    }
  }
  removeContainers((resource) => (resource.initErrors ?? []).length > 0, "it never got in order");
  removeOrphans(plan, resources, listing);
  plan.replace = plan.replace.filter((urn) => !plan.forget.has(urn));
  plan.start = plan.start.filter(({ id }) => !plan.remove.some((item) => item.id === id));
  const order = ["containers", "networks", "volumes"];
  plan.remove = plan.remove
    .filter((item, index, all) => item.id !== "" && all.findIndex((other) => other.id === item.id) === index)
    .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  return plan;
}

const uses =
  (volume: string) =>
  (resource: StateResource): boolean =>
    JSON.stringify(resource.inputs?.mounts ?? []).includes(JSON.stringify(volume)) ||
    JSON.stringify(resource.inputs?.volumes ?? []).includes(JSON.stringify(volume));

/** Made by a run that was killed before the engine wrote it down, or put in the place of ours by hand. */
function removeOrphans(plan: RepairPlan, resources: StateResource[], listing: Listing): void {
  const known = new Set(resources.map((resource) => resource.id));
  const why = (labels: Record<string, string> | null): string =>
    labels?.[LABEL_STACK] === undefined ? "it stands where ours belongs" : "the engine's state does not know it";
  for (const container of listing.containers) {
    if (!known.has(container.Id)) {
      plan.remove.push({ kind: "containers", id: container.Id, why: why(container.Labels) });
    }
  }
  for (const network of listing.networks) {
    if (!known.has(network.Id)) plan.remove.push({ kind: "networks", id: network.Id, why: why(network.Labels) });
  }
}

/** Started again and otherwise as declared: nothing that the engine would have to know. */
export function onlyStarts(plan: RepairPlan): boolean {
  return plan.start.length > 0 && isEmpty({ ...plan, start: [] });
}

export function isEmpty(plan: RepairPlan): boolean {
  return plan.start.length + plan.remove.length + plan.forget.size + plan.replace.length + plan.refresh.length === 0;
}
