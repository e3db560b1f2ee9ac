/** What layers are called and where the cache has them; loads nothing that makes one. */

import type { Layer, RootfsBase } from "../../domain/recipe.ts";
import { contentHash, withoutPath } from "../../domain/recipe-hash.ts";
import type { Host } from "../host.ts";
import { type CachedLayer, cachedLayer } from "./layer-cache.ts";
import type { BaseFiles } from "./small-layers.ts";

/** In an image: SDKs, and the tools of each beside it. */
export const sdkRoot = "usr/local/sdk";

/** Raised when a layer made from the same description would have other bytes. */
const LAYER_FORMAT = 1;
/** 2: the sum of the module is kept beside the layer. */
const SDK_FORMAT = 2;

/** What later layers need to know of the base. */
export interface BaseSource {
  /** Tells bases apart. */
  key: string;
  arch: string;
  files: () => Promise<BaseFiles>;
}

export type TarLayer = Exclude<Layer, { kind: "dockerfile" }>;

export type SdkLayer = Extract<Layer, { kind: "goSdk" }>;

const key = (about: object): string => contentHash({ format: LAYER_FORMAT, ...about });

export function rootfsLayer(base: RootfsBase): { key: string; title: string } {
  return { key: key(base), title: `Debian ${base.suite}` };
}

export function layerName(layer: TarLayer, base: Pick<BaseSource, "key" | "arch">): { key: string; title: string } {
  switch (layer.kind) {
    case "goSdk":
      return sdkLayerName(layer, base.arch);
    case "goTools": {
      const names = layer.tools.map((tool) => `${tool.binary} ${tool.version}`).join(", ");
      return { key: key({ ...layer, arch: base.arch }), title: `tools for Go ${layer.go} (${names})` };
    }
    case "goPrograms": {
      const names = layer.programs.map(({ binary }) => binary).join(", ");
      return { key: key({ ...withoutPath(layer), arch: base.arch }), title: `programs (${names})` };
    }
    case "rustProgram":
      return { key: key({ ...withoutPath(layer), arch: base.arch }), title: `program (${layer.program.binary})` };
    case "trustRoots":
      return { key: key({ ...layer, base: base.key }), title: `${layer.certificates.length} root certificates` };
    case "user":
      return { key: key({ ...layer, base: base.key }), title: `user ${layer.name} (${layer.uid}:${layer.gid})` };
  }
}

export function sdkLayerName(layer: SdkLayer, arch: string): { key: string; title: string } {
  return { key: key({ ...layer, arch, sdkFormat: SDK_FORMAT }), title: `Go ${layer.version}` };
}

/** Everything in the cache, or undefined as soon as one layer is not: then nothing is known before it is made. */
export async function layersIfCached(
  host: Host,
  base: RootfsBase,
  layers: readonly TarLayer[],
): Promise<CachedLayer[] | undefined> {
  const source = { key: rootfsLayer(base).key, arch: base.arch };
  const names = [rootfsLayer(base), ...layers.map((layer) => layerName(layer, source))];
  const found = await Promise.all(names.map((name) => cachedLayer(host, name.key, name.title)));
  return found.every((layer) => layer !== undefined) ? found : undefined;
}
