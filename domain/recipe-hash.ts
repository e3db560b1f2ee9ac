/** The name of an image follows from what goes into it. */
import { createHash } from "node:crypto";
import type { ImageRecipe, Layer } from "./recipe.ts";

/** Raised whenever the same recipe would give a different image: then old images and layers are made anew. */
export const RECIPE_FORMAT = 1;

/** Keys sorted, nothing undefined: equal data gives equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
}

export function contentHash(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/** `contents`: what is in the folders that `dockerfile` layers name, in their order; the recipe only has their paths. */
export function recipeHash(recipe: ImageRecipe, contents: readonly string[]): string {
  return contentHash({ format: RECIPE_FORMAT, recipe: withoutPaths(recipe), contents });
}

/** The same folder content in another place is the same image. */
function withoutPaths(recipe: ImageRecipe): unknown {
  return {
    ...recipe,
    layers: recipe.layers.map(withoutPath),
  };
}

export function withoutPath(layer: Layer): object {
  if (layer.kind === "dockerfile") return { kind: layer.kind };
  if (layer.kind === "rustProgram") {
    const { module: _module, ...named } = layer.program;
    return { ...layer, program: named };
  }
  if (layer.kind !== "goPrograms") return layer;
  return { ...layer, programs: layer.programs.map(({ module: _module, ...named }) => named) };
}

export function imageReference(repository: string, hash: string): string {
  return `${repository}:${hash.slice(0, 12)}`;
}
