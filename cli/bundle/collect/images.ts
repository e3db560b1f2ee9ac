/** Layers of the images that the settings need, made from the distribution's packages, and programs that run on the machine itself. */
import { basename, dirname, join } from "node:path";
import type { LoadedSettings } from "../../../config/load.ts";
import type { AuthorityPlan } from "../../../domain/certificates.ts";
import { type ResolvedTools, resolveAllTools } from "../../../domain/compatibility.ts";
import { planGoProxy } from "../../../domain/go-proxy/plan.ts";
import { planImage } from "../../../domain/images.ts";
import { planMesh } from "../../../domain/mesh/plan.ts";
import type { ImageRecipe } from "../../../domain/recipe.ts";
import { sourcesDigest } from "../../../provider/go/program-cache.ts";
import { programHere } from "../../../provider/go/program-here.ts";
import { type Host, machineHost } from "../../../provider/host.ts";
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
  const { images, authority } = plans(context, settings, tools);
  for (const recipe of images) {
    if (recipe.base.kind !== "rootfs") continue;
    const layers = (await withSources(recipe)).layers.filter(
      (layer): layer is TarLayer => layer.kind !== "dockerfile" && !madeLocally(layer),
    );
    for (const { key } of await makeLayers(host, recipe.base, layers, news)) keys.add(key);
  }
  const contents = [...keys].map(
    (key): Content => ({ path: `layer-${key}.tar.zst`, kind: "layer", key, folder: join(layersFolder(host), key) }),
  );
  if (authority !== undefined) contents.push(await authorityProgram(host, authority, news));
  return { contents, tools };
}

/** Makes the authority on the machine itself, outside of any container. */
async function authorityProgram(
  host: Host,
  { program, go }: AuthorityPlan,
  news: (text: string) => void,
): Promise<Content> {
  const known = { ...program, digest: await sourcesDigest(program.module) };
  const folder = dirname(await programHere(host, known, go, news));
  const key = basename(folder);
  return { path: `program-${key}.tar.zst`, kind: "program", key, folder };
}

function plans(
  context: Context,
  settings: LoadedSettings,
  tools: ResolvedTools[],
): { images: ImageRecipe[]; authority: AuthorityPlan | undefined } {
  // Who owns what is decided by the other machine, in layers that are made there.
  const owner = { uid: 1000, gid: 1000 };
  const facts = { system: { arch: process.arch === "arm64" ? "arm64" : "amd64" } } as Parameters<
    typeof planImage
  >[0]["facts"];
  const bootstrap = { ...settings, image: { ...settings.image, source: "bootstrap" as const } };
  const dev = planImage({ settings: bootstrap, facts, roots: [], owner, tools, dockerfile: undefined });
  const user = { name: "bundle", uid: 1000, gid: 1000 };
  const question = {
    ...{
      stack: "bundle",
      settings: bootstrap,
      root: context.root,
      environment: { env: {}, weakened: [] },
      owners: [],
      meshed: false,
    },
    facts: { ...facts, user } as Parameters<typeof planGoProxy>[0]["facts"],
  };
  const proxy = settings.goProxy.mode === "off" ? undefined : planGoProxy(question);
  const mesh = settings.mesh.enabled ? planMesh(question) : undefined;
  const further = [proxy, mesh].filter((part) => part !== undefined);
  return { images: [dev, ...further.map(({ image }) => image.recipe)], authority: further[0]?.authority };
}
