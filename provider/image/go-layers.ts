/** Go SDKs as checksum-verified modules from the module proxy, and tools built by them, as image layers. */
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import type { GoProgram, GoToolPin } from "../../domain/recipe.ts";
import { builtProgram } from "../go/program-cache.ts";
import { builtTool } from "../go/tool-cache.ts";
import { fetchToolchain, placeSdkFile } from "../go/toolchain-module.ts";
import type { Report } from "../handler.ts";
import type { Host } from "../host.ts";
import { type CachedLayer, cachedLayer, ensureLayer, type LayerJob, type LayerResult } from "./layer-cache.ts";
import { type SdkLayer, sdkLayerName, sdkRoot } from "./layer-names.ts";
import { folderEntries, type TarEntry, type TarResult, writeTar } from "./tar.ts";

/**
 * The SDK of an image that has it as its default, or of one that has it beside another: the same files but for one link.
 * They are made one after the other, so that the second takes its files from the first.
 */
export function sdkJob(host: Host, layer: SdkLayer, arch: string): LayerJob {
  return {
    ...sdkLayerName(layer, arch),
    lock: `sdk:${layer.version}:${arch}`,
    make: (folder) => makeSdk(host, layer, arch, folder),
  };
}

/** An SDK for whoever does not mind which of the two it is. */
export async function anySdkLayer(host: Host, version: string, arch: string, report: Report): Promise<CachedLayer> {
  const layer: SdkLayer = { kind: "goSdk", version, default: true };
  const other = sdkLayerName({ ...layer, default: false }, arch);
  return (await cachedLayer(host, other.key, other.title)) ?? ensureLayer(host, sdkJob(host, layer, arch), report);
}

async function makeSdk(host: Host, layer: SdkLayer, arch: string, folder: string): Promise<LayerResult> {
  const prefix = `${sdkRoot}/go${layer.version}`;
  const source =
    (await siblingFiles(host, layer, arch, folder)) ??
    (await fetchToolchain(host, { version: layer.version, arch }, folder));
  const entries = [
    directory(sdkRoot),
    directory(prefix),
    ...(await folderEntries(source.folder, prefix, placeSdkFile)),
    ...(layer.default
      ? [{ name: "usr/local/go", type: "symlink" as const, mode: 0o777, target: `sdk/go${layer.version}` }]
      : []),
  ];
  const made = await writeTar(path.join(folder, "layer.tar"), entries, host.signal);
  await source.remove();
  return { ...made, sum: source.sum };
}

async function siblingFiles(
  host: Host,
  layer: SdkLayer,
  arch: string,
  work: string,
): Promise<{ folder: string; sum: string; remove: () => Promise<void> } | undefined> {
  const { key, title } = sdkLayerName({ ...layer, default: !layer.default }, arch);
  const sibling = await cachedLayer(host, key, title);
  if (sibling?.sum === undefined) return undefined;
  const folder = path.join(work, "sibling");
  await unpackSdk(host, sibling, layer.version, folder);
  return { folder, sum: sibling.sum, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Files with the modes that the layer gives them, whatever the umask. `folder` is made where it is not there. */
export async function unpackSdk(host: Host, layer: CachedLayer, version: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const args = ["-xpf", layer.file, "-C", folder, "--strip-components=4", "--no-same-owner"];
  await host.run("tar", [...args, `${sdkRoot}/go${version}`]);
}

export async function makeTools(
  host: Host,
  tools: { go: string; arch: string; pins: readonly GoToolPin[]; sdkLayer: CachedLayer },
  folder: string,
  onProgress: (text: string) => void,
): Promise<TarResult> {
  const sdk = unpackedOnce(host, tools, folder);
  const prefix = `${sdkRoot}/go${tools.go}-tools`;
  const entries: TarEntry[] = [directory(sdkRoot), directory(prefix), directory(`${prefix}/bin`)];
  for (const pin of tools.pins) {
    const { file, size } = await builtTool(host, { pin, go: tools.go, arch: tools.arch }, sdk.folder, onProgress);
    entries.push({ name: `${prefix}/bin/${pin.binary}`, type: "file", mode: 0o755, content: { file, size } });
  }
  const made = await writeTar(path.join(folder, "layer.tar"), entries, host.signal);
  await sdk.remove();
  return made;
}

/** The SDK of a layer as a folder, unpacked when somebody asks for it first. */
function unpackedOnce(
  host: Host,
  { go, sdkLayer }: { go: string; sdkLayer: CachedLayer },
  work: string,
): { folder: () => Promise<string>; remove: () => Promise<void> } {
  const sdk = path.join(work, "sdk");
  let unpacked: Promise<string> | undefined;
  return {
    folder: () => {
      unpacked ??= unpackSdk(host, sdkLayer, go, sdk).then(() => sdk);
      return unpacked;
    },
    remove: () => rm(sdk, { recursive: true, force: true }),
  };
}

/** In /usr/local/bin, owned by root. */
export async function makePrograms(
  host: Host,
  wanted: { go: string; arch: string; programs: readonly GoProgram[]; sdkLayer: CachedLayer },
  folder: string,
  onProgress: (text: string) => void,
): Promise<TarResult> {
  const sdk = unpackedOnce(host, wanted, folder);
  const entries: TarEntry[] = [directory("usr/local/bin")];
  for (const program of wanted.programs) {
    const question = { program, go: wanted.go, arch: wanted.arch };
    const { file, size } = await builtProgram(host, question, sdk.folder, onProgress);
    entries.push({ name: `usr/local/bin/${program.binary}`, type: "file", mode: 0o755, content: { file, size } });
  }
  const made = await writeTar(path.join(folder, "layer.tar"), entries, host.signal);
  await sdk.remove();
  return made;
}

function directory(name: string): TarEntry {
  return { name, type: "directory", mode: 0o755 };
}
