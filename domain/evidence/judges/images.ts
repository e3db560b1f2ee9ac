/** Images and what is in them. */
import { type Check, check } from "../check.ts";
import { sbomProblems } from "../sbom-check.ts";
import type { Part } from "../schema.ts";

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const HASH = /^[0-9a-f]{64}$/;
const BY_CONTENT = /@sha256:[0-9a-f]{64}$|^sha256:[0-9a-f]{64}$/;

export function judgeImages({ list }: Part<"images">): Check[] {
  const found = list.flatMap(({ reference, id, recipe, base, layers }) => [
    ...(DIGEST.test(id) ? [] : [`${reference}: has no digest`]),
    ...(layers.length > 0 ? [] : [`${reference}: was not on the machine`]),
    ...(layers.every((layer) => DIGEST.test(layer)) ? [] : [`${reference}: has a layer without a digest`]),
    ...(HASH.test(recipe) ? [] : [`${reference}: has no recipe`]),
    ...(HASH.test(recipe) && !reference.endsWith(`:${recipe.slice(0, 12)}`)
      ? [`${reference}: is not named by its recipe ${recipe.slice(0, 12)}`]
      : []),
    ...(base === null || BY_CONTENT.test(base) ? [] : [`${reference}: its base ${base} is not named by its content`]),
  ]);
  const none = list.length > 0 ? [] : ["no image is named"];
  return [check("images", "digests", "each image is named by its content", [...found, ...none])];
}

export function judgeSbom({ image, document }: Part<"sbom">, images: Part<"images"> | undefined): Check[] {
  return [
    check("sbom", "form", "the SBOM is CycloneDX 1.6", sbomProblems(document)),
    check("sbom", "subject", "the SBOM is of an image of the stack", subjectProblems(image, document, images)),
  ];
}

interface Subject {
  component?: { hashes?: { alg?: unknown; content?: unknown }[] };
}

function subjectProblems(image: string, document: object, images: Part<"images"> | undefined): string[] {
  const { component } = ("metadata" in document ? (document.metadata ?? {}) : {}) as Subject;
  const hashes = Array.isArray(component?.hashes) ? component.hashes : [];
  const digest = hashes.find(({ alg }) => alg === "SHA-256")?.content;
  const known = images?.list.find(({ reference }) => reference === image);
  if (images !== undefined && known === undefined) return [`${image} is not among the images`];
  const id = known?.id ?? `sha256:${String(digest)}`;
  return `sha256:${String(digest)}` === id ? [] : [`it is of sha256:${String(digest)}, and ${image} is ${id}`];
}
