/** A tool out of an image's layer that was made before: it needs no second build. */
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Host } from "../host.ts";
import { type CachedLayer, cachedLayer, layersFolder } from "../image/layer-cache.ts";
import { sdkRoot } from "../image/layer-names.ts";
import type { ToolQuestion } from "./tool-cache.ts";

/** Its bytes; undefined when no layer has that version for that Go. `work` is a folder for what is unpacked. */
export async function toolFromLayer(host: Host, question: ToolQuestion, work: string): Promise<Buffer | undefined> {
  const layer = await layerWith(host, question);
  if (layer === undefined) return undefined;
  const inside = `${sdkRoot}/go${question.go}-tools/bin/${question.pin.binary}`;
  const folder = path.join(work, "layer");
  await mkdir(folder);
  const { code } = await host.run("tar", ["-xf", layer.file, "-C", folder, "--no-same-owner", inside], {
    anyExit: true,
  });
  return code === 0 ? await readFile(path.join(folder, inside)) : undefined;
}

/** The title says which tools a layer has. */
async function layerWith(host: Host, { go, pin }: ToolQuestion): Promise<CachedLayer | undefined> {
  const folder = layersFolder(host);
  for (const { name } of await host.files.list(folder)) {
    const meta = await host.files.text(path.join(folder, name, "meta.json"));
    const title = /"title":"([^"]*)"/.exec(meta ?? "")?.[1] ?? "";
    const [, tools = ""] = title.startsWith(`tools for Go ${go} (`) ? (/\((.*)\)$/.exec(title) ?? []) : [];
    if (tools.split(", ").includes(`${pin.binary} ${pin.version}`)) return await cachedLayer(host, name, title);
  }
  return undefined;
}
