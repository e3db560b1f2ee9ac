/** SDKs and tools for the machine itself, out of the same cached layers that images are made of: nothing is built twice. */
import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import type { GoToolPin } from "../../domain/recipe.ts";
import { machineArch } from "../facts/system.ts";
import type { Report } from "../handler.ts";
import type { Host } from "../host.ts";
import { isAlive } from "../host-files.ts";
import { makeSdk, makeTools, sdkRoot } from "../image/go-layers.ts";
import { type CachedLayer, cachedLayer, ensureLayer, layersFolder } from "../image/layer-cache.ts";
import { layerName } from "../image/layer-names.ts";

const NO_BASE = { key: "", arch: machineArch() };

export async function sdkLayer(host: Host, version: string, report: Report): Promise<CachedLayer> {
  const { arch } = NO_BASE;
  // Whether it is the image's default is a link in the layer, which is not taken out here: either one will do.
  for (const isDefault of [true, false]) {
    const { key, title } = layerName({ kind: "goSdk", version, default: isDefault }, NO_BASE);
    const ready = await cachedLayer(host, key, title);
    if (ready !== undefined) return ready;
  }
  const layer = { kind: "goSdk", version, default: false } as const;
  const make = (folder: string) => makeSdk(host, { version, default: false, arch }, folder);
  return await ensureLayer(host, { ...layerName(layer, NO_BASE), make }, report);
}

export async function toolLayer(host: Host, go: string, pin: GoToolPin, report: Report): Promise<CachedLayer> {
  const made = await layerWith(host, go, pin);
  if (made !== undefined) return made;
  const sdk = await sdkLayer(host, go, report);
  const tools = { go, arch: NO_BASE.arch, pins: [pin], sdkLayer: sdk.file };
  const name = layerName({ kind: "goTools", go, tools: [pin] }, NO_BASE);
  return await ensureLayer(host, { ...name, make: (folder, tell) => makeTools(host, tools, folder, tell) }, report);
}

/** A layer of an image that has this tool among others; its title says which. */
async function layerWith(host: Host, go: string, pin: GoToolPin): Promise<CachedLayer | undefined> {
  const folder = layersFolder(host);
  for (const { name } of await host.files.list(folder)) {
    const meta = await host.files.text(path.join(folder, name, "meta.json"));
    const title = /"title":"([^"]*)"/.exec(meta ?? "")?.[1];
    if (!title?.startsWith(`tools for Go ${go} (`)) continue;
    if (
      title
        .slice(title.indexOf("(") + 1, -1)
        .split(", ")
        .includes(`${pin.binary} ${pin.version}`)
    )
      return await cachedLayer(host, name, title);
  }
  return undefined;
}

/**
 * Takes a folder or a file out of a layer and puts it at `target` in one step: unpacked beside it, then renamed. What
 * stood there is only removed when the new one is whole.
 */
export async function takeOut(host: Host, layer: CachedLayer, inside: string, target: string): Promise<void> {
  const parent = path.dirname(host.files.real(target));
  await clearLeftovers(parent);
  const temporary = await mkdtemp(path.join(parent, `.go-workstation-${process.pid}-`));
  try {
    await host.run("tar", ["-xf", layer.file, "-C", temporary, "--no-same-owner", inside], { name: "tar" });
    const real = host.files.real(target);
    const old = path.join(temporary, "old");
    await rename(real, old).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    await rename(path.join(temporary, inside), real);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function clearLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = Number(/^\.go-workstation-(\d+)-/.exec(name)?.[1]);
    if (Number.isInteger(pid) && !isAlive(pid)) await rm(path.join(parent, name), { recursive: true, force: true });
  }
}

export const sdkInside = (version: string): string => `${sdkRoot}/go${version}`;
export const toolInside = (go: string, binary: string): string => `${sdkRoot}/go${go}-tools/bin/${binary}`;
