/** From a recipe's layers to archives in the cache: what is missing is made, two at a time, side by side. */
import path from "node:path";
import type { RootfsBase } from "../../domain/recipe.ts";
import type { Report } from "../handler.ts";
import type { Host } from "../host.ts";
import { anySdkLayer, makePrograms, makeTools, sdkJob } from "./go-layers.ts";
import { type CachedLayer, cachedLayer, ensureLayer, type LayerJob, layersFolder } from "./layer-cache.ts";
import { type BaseSource, layerName, rootfsLayer, type TarLayer } from "./layer-names.ts";
import { baseFiles, makeRootfs } from "./rootfs.ts";
import { type BaseFiles, trustEntries, userEntries } from "./small-layers.ts";
import { writeTar } from "./tar.ts";

export function rootfsSource(host: Host, base: RootfsBase): BaseSource {
  const { key: baseKey } = rootfsLayer(base);
  const folder = path.join(layersFolder(host), baseKey, "files");
  const files = async () =>
    Object.fromEntries(
      await Promise.all(baseFiles.map(async (name) => [name, await host.files.text(path.join(folder, name))])),
    );
  return { key: baseKey, arch: base.arch, files };
}

export async function makeLayers(
  host: Host,
  base: RootfsBase | BaseSource,
  layers: readonly TarLayer[],
  report: Report,
): Promise<CachedLayer[]> {
  const slot = slots(2);
  const isRootfs = "kind" in base;
  const source = isRootfs ? rootfsSource(host, base) : base;
  const rootfs = isRootfs ? slot(() => ensureLayer(host, rootfsJob(host, base), report)) : undefined;
  const sdks = new Map<string, Promise<CachedLayer>>();
  const making: Promise<CachedLayer>[] = rootfs === undefined ? [] : [rootfs];
  // SDKs first, wherever they stand: tools wait for them.
  for (const layer of layers) {
    if (layer.kind === "goSdk")
      sdks.set(
        layer.version,
        slot(() => ensureLayer(host, sdkJob(host, layer, source.arch), report)),
      );
  }
  /** Programs are built by an SDK that need not be in the image. */
  const waitOf = (layer: TarLayer): Promise<CachedLayer> | undefined => {
    if (layer.kind === "goTools") return sdks.get(layer.go);
    if (layer.kind !== "goPrograms") return rootfs;
    const sdk = sdks.get(layer.go) ?? slot(() => anySdkLayer(host, layer.go, source.arch, report));
    sdks.set(layer.go, sdk);
    return sdk;
  };
  for (const layer of layers) {
    const name = layerName(layer, source);
    const waitFor = waitOf(layer);
    const sdk = layer.kind === "goSdk" ? sdks.get(layer.version) : undefined;
    making.push(
      sdk ??
        (async () => {
          const ready = await cachedLayer(host, name.key, name.title);
          if (ready !== undefined) return ready;
          const needed = await waitFor;
          return slot(() => ensureLayer(host, otherJob(host, layer, source, needed), report));
        })(),
    );
  }
  return allOrFirstError(making);
}

/** All end before the error is passed on: work that nobody waits for would outlive the run. */
async function allOrFirstError<T>(work: Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

function rootfsJob(host: Host, base: RootfsBase): LayerJob {
  const { key, title } = rootfsLayer(base);
  return {
    key,
    title,
    make: (folder, report) => makeRootfs(host, base, folder, (text) => report(`${title}: ${text}`)),
  };
}

function otherJob(host: Host, layer: TarLayer, source: BaseSource, needed: CachedLayer | undefined): LayerJob {
  const name = layerName(layer, source);
  const small = (entries: (files: BaseFiles) => ReturnType<typeof trustEntries>): LayerJob => ({
    ...name,
    make: async (folder) => writeTar(path.join(folder, "layer.tar"), entries(await source.files()), host.signal),
  });
  if (layer.kind === "trustRoots") return small((files) => trustEntries(files, layer.certificates));
  if (layer.kind === "user") return small((files) => userEntries(files, layer));
  if (layer.kind === "goSdk") return sdkJob(host, layer, source.arch);
  if (layer.kind === "rustProgram") {
    const { builder, program } = layer;
    return {
      ...name,
      make: async (folder, report) => {
        const { makeRustProgram } = await import("./rust-layer.ts");
        return makeRustProgram(host, { builder, program }, folder, report);
      },
    };
  }
  if (needed === undefined)
    throw new Error(`the recipe has programs for Go ${layer.go}, but no goSdk layer of that version`);
  if (layer.kind === "goPrograms") {
    const wanted = { go: layer.go, arch: source.arch, programs: layer.programs, sdkLayer: needed };
    return { ...name, make: (folder, report) => makePrograms(host, wanted, folder, report) };
  }
  const tools = { go: layer.go, arch: source.arch, pins: layer.tools, sdkLayer: needed };
  return { ...name, make: (folder, report) => makeTools(host, tools, folder, report) };
}

/** At most `count` at a time, first come first served. */
function slots(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
