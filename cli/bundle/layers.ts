/** Which layers travel. */
import type { Layer } from "../../domain/recipe.ts";

/** Each machine makes these itself from the others, without a network: they hold its own users and roots. */
export const madeLocally = (layer: Layer): boolean => layer.kind === "user" || layer.kind === "trustRoots";
