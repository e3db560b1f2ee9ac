/** Layers of the images that the settings need, made from the distribution's packages, and programs that run on the machine itself. */
import { join } from "node:path";
import type { LoadedSettings } from "../../../config/load.ts";
import { type ResolvedTools, resolveAllTools } from "../../../domain/compatibility.ts";
import { planGoProxy } from "../../../domain/go-proxy/plan.ts";
import { planImage } from "../../../domain/images.ts";
import type { ImageRecipe } from "../../../domain/recipe.ts";
import { machineHost } from "../../../provider/host.ts";
import { withSources } from "../../../provider/image/contents.ts";
import { layersFolder } from "../../../provider/image/layer-cache.ts";
import type { TarLayer } from "../../../provider/image/layer-names.ts";
import { makeLayers } from "../../../provider/image/layers.ts";
import type { Context } from "../../context.ts";
import { madeLocally } from "../layers.ts";
import type { Content } from "../pack.ts";

export interface Images {
  contents: Content[];
  tools: ResolvedTools[];
}

export async function collectImages(
  context: Context,
  settings: LoadedSettings,
  news: (text: string) => void,
): Promise<Images> {
  const host = machineHost({ env: context.env });
  const tools = resolveAllTools(settings.go);
  const keys = new Set<string>();
  for (const recipe of recipes(context, settings, tools)) {
    if (recipe.base.kind !== "rootfs") continue;
    const layers = (await withSources(recipe)).layers.filter(
      (layer): layer is TarLayer => layer.kind !== "dockerfile" && !madeLocally(layer),
    );
    for (const { key } of await makeLayers(host, recipe.base, layers, news)) keys.add(key);
  }
  const contents = [...keys].map(
    (key): Content => ({ path: `layer-${key}.tar.zst`, kind: "layer", key, folder: join(layersFolder(host), key) }),
  );
  return { contents, tools };
}

function recipes(context: Context, settings: LoadedSettings, tools: ResolvedTools[]): ImageRecipe[] {
  // Who owns what is decided by the other machine, in layers that are made there.
  const owner = { uid: 1000, gid: 1000 };
  const facts = { system: { arch: process.arch === "arm64" ? "arm64" : "amd64" } } as Parameters<
    typeof planImage
  >[0]["facts"];
  const bootstrap = { ...settings, image: { ...settings.image, source: "bootstrap" as const } };
  const dev = planImage({ settings: bootstrap, facts, roots: [], owner, tools, dockerfile: undefined });
  if (settings.goProxy.mode === "off") return [dev];
  const question = {
    stack: "bundle",
    settings: bootstrap,
    root: context.root,
    environment: { env: {}, weakened: [] },
    owners: [],
  };
  const user = { name: "bundle", uid: 1000, gid: 1000 } as Parameters<typeof planGoProxy>[0]["facts"]["user"];
  return [
    dev,
    planGoProxy({ ...question, facts: { ...facts, user } as Parameters<typeof planGoProxy>[0]["facts"] }).image.recipe,
  ];
}
