/**
 * `LocalImage`: an image named by the hash of what goes into it, `repository:<12 hexadecimal digits>`.
 *
 * A root filesystem base is assembled from cached layers without the daemon's builder, and its id is known beforehand;
 * an image base and a team's Dockerfile are built by the daemon, whose word the id then is. The label with the full
 * hash tells our image from another that somebody gave the same name; delete takes away only ours.
 */
import { LABEL_RECIPE } from "../../domain/names.ts";
import type { ImageRecipe, Layer } from "../../domain/recipe.ts";
import { imageReference, recipeHash } from "../../domain/recipe-hash.ts";
import type { CheckFailure, DiffResult, Report, ResourceHandler } from "../handler.ts";
import type { Host } from "../host.ts";
import { checkRecipe } from "../image/check.ts";
import { configFile } from "../image/config-file.ts";
import { dockerfileContents, withSources } from "../image/contents.ts";
import { layersIfCached, type TarLayer } from "../image/layer-names.ts";

export interface LocalImageInputs {
  repository: string;
  recipe: ImageRecipe;
  /** Added by check: hashes of the folders that the recipe's Dockerfiles see. */
  contents: string[];
}

export interface LocalImageOutputs {
  repository: string;
  recipe: ImageRecipe;
  reference: string;
  imageId: string;
  size: number;
  /** The full hash that the image carries; empty when it is not one of ours. */
  hash: string;
  /** The id and the hash that we made. Others under the same name are drift. */
  builtId: string;
  builtHash: string;
}

const hashOf = (inputs: LocalImageInputs): string => recipeHash(inputs.recipe, inputs.contents ?? []);
const referenceOf = (inputs: LocalImageInputs): string => imageReference(inputs.repository, hashOf(inputs));

export const localImage: ResourceHandler<LocalImageInputs, LocalImageOutputs> = {
  async check(_host, news, unknown) {
    const inputs = { ...news, contents: [] } as unknown as LocalImageInputs;
    const failures: CheckFailure[] = [];
    if (!unknown.has("repository") && !/^[a-z0-9]+([._/-][a-z0-9]+)*$/.test(String(news.repository))) {
      failures.push({
        property: "repository",
        reason: `is ${JSON.stringify(news.repository) ?? "missing"}; must be lower-case letters, digits and single . _ / - between them, without a tag`,
      });
    }
    if (!unknown.has("recipe")) {
      failures.push(...(await checkRecipe(news.recipe)));
      if (failures.length === 0) {
        inputs.recipe = await withSources(inputs.recipe);
        inputs.contents = await dockerfileContents(inputs.recipe);
      }
    }
    return { inputs, failures };
  },

  async diff(_host, olds, news, unknown): Promise<DiffResult> {
    if (unknown.size > 0) return { changed: [...unknown], replaces: [...unknown], deleteBeforeReplace: false };
    const changed: string[] = [];
    if (olds.repository !== news.repository) changed.push("repository");
    if (olds.reference !== referenceOf(news) && changed.length === 0) changed.push("recipe");
    if (changed.length > 0) return { changed, replaces: changed, deleteBeforeReplace: false };
    // The name is right, but what it names is not what we made.
    const foreign = olds.hash !== hashOf(news) || olds.imageId !== olds.builtId;
    return { changed: foreign ? ["imageId"] : [], replaces: [], deleteBeforeReplace: false };
  },

  async preview(host, news) {
    if (news.repository === undefined || news.recipe === undefined) return {};
    const inputs = { contents: [], ...news } as LocalImageInputs;
    const id = await knownId(host, inputs);
    return {
      repository: inputs.repository,
      recipe: inputs.recipe,
      reference: referenceOf(inputs),
      ...(id === undefined ? {} : { imageId: id, builtId: id }),
    };
  },

  async create(host, news, report) {
    return { id: referenceOf(news), outputs: await make(host, news, report) };
  },

  async read(host, id, olds) {
    const { inspectImage } = await import("../image/daemon.ts");
    const found = await inspectImage(await host.docker(), id);
    if (found === undefined) return undefined;
    if (olds === undefined) {
      const colon = id.lastIndexOf(":");
      const hash = found.Config?.Labels?.[LABEL_RECIPE] ?? "";
      const imported = {
        repository: id.slice(0, colon),
        reference: id,
        imageId: found.Id,
        builtId: found.Id,
        builtHash: hash,
        size: found.Size,
      };
      // An image does not tell its recipe; whether the declared one made it shows by the hash in its label.
      return { id, inputs: { repository: imported.repository }, outputs: { ...imported, hash } as LocalImageOutputs };
    }
    const hash = found.Config?.Labels?.[LABEL_RECIPE] ?? "";
    return { id, inputs: {}, outputs: { ...olds, reference: id, imageId: found.Id, size: found.Size, hash } };
  },

  async update(host, _id, _olds, news, report) {
    return make(host, news, report);
  },

  async delete(host, id, olds) {
    const { removeImage } = await import("../image/daemon.ts");
    await removeImage(await host.docker(), id, olds.builtHash);
  },
};

async function make(host: Host, news: LocalImageInputs, report: Report): Promise<LocalImageOutputs> {
  const [{ inspectImage, loadImage }, { buildDockerfile, buildOnto, imageSource }, { makeLayers }] = await Promise.all([
    import("../image/daemon.ts"),
    import("../image/build.ts"),
    import("../image/layers.ts"),
  ]);
  const { recipe } = news;
  const reference = referenceOf(news);
  const hash = hashOf(news);
  const config = withHash(recipe, hash);
  const { layers, dockerfiles } = split(recipe.layers);
  // A Dockerfile's steps install things: they run as root, and the image's own user comes back at the end.
  const before = dockerfiles.length === 0 ? config : { ...config, user: "", labels: {} };
  const beforeTag = dockerfiles.length === 0 ? reference : undefined;
  let id: string;
  if (recipe.base.kind === "rootfs") {
    const made = await makeLayers(host, recipe.base, layers, report);
    const file = configFile(before, recipe.base.arch, made);
    id = await loadImage(host, file, made, beforeTag === undefined ? [] : [beforeTag], report);
  } else {
    const source = await imageSource(host, recipe.base.reference, report);
    const made = await makeLayers(host, source, layers, report);
    id = await buildOnto(host, recipe.base.reference, made, before, beforeTag, report);
  }
  for (const layer of dockerfiles) id = await buildDockerfile(host, layer, id, report);
  // The environment was set before: what the Dockerfile did to it stays.
  if (dockerfiles.length > 0) id = await buildOnto(host, id, [], { ...config, env: {} }, reference, report);
  const found = await inspectImage(await host.docker(), reference);
  if (found === undefined) throw new Error(`Docker made ${id}, but does not know it as ${reference}; run again`);
  return {
    repository: news.repository,
    recipe,
    reference,
    imageId: found.Id,
    size: found.Size,
    hash,
    builtId: found.Id,
    builtHash: hash,
  };
}

/** Known before anything is done, when all layers are in the cache and no builder is involved. */
async function knownId(host: Host, inputs: LocalImageInputs): Promise<string | undefined> {
  const { base } = inputs.recipe;
  const { layers, dockerfiles } = split(inputs.recipe.layers);
  if (base.kind !== "rootfs" || dockerfiles.length > 0) return undefined;
  const cached = await layersIfCached(host, base, layers);
  if (cached === undefined) return undefined;
  return configFile(withHash(inputs.recipe, hashOf(inputs)), base.arch, cached).id;
}

function withHash(recipe: ImageRecipe, hash: string): ImageRecipe["config"] {
  return { ...recipe.config, labels: { ...recipe.config.labels, [LABEL_RECIPE]: hash } };
}

function split(layers: readonly Layer[]): {
  layers: TarLayer[];
  dockerfiles: Extract<Layer, { kind: "dockerfile" }>[];
} {
  const dockerfiles = layers.filter((layer) => layer.kind === "dockerfile");
  return { layers: layers.filter((layer) => layer.kind !== "dockerfile"), dockerfiles };
}
