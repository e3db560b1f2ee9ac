/** An image's configuration: the hash of its bytes is the image's id, so the same settings give the same id anywhere. */
import { createHash } from "node:crypto";
import type { ImageConfig } from "../../domain/recipe.ts";
import type { CachedLayer } from "./layer-cache.ts";
import { fixedTime } from "./tar.ts";

export interface ConfigFile {
  content: Buffer;
  /** `sha256:…` */
  id: string;
  diffIds: string[];
}

type LayerInfo = Pick<CachedLayer, "digest" | "title">;

export function configFile(config: ImageConfig, arch: string, layers: readonly LayerInfo[]): ConfigFile {
  const created = new Date(fixedTime * 1000).toISOString().replace(".000", "");
  const diffIds = layers.map((layer) => `sha256:${layer.digest}`);
  const content = Buffer.from(
    JSON.stringify({
      architecture: arch,
      config: {
        Cmd: config.cmd.length === 0 ? null : config.cmd,
        Entrypoint: config.entrypoint.length === 0 ? null : config.entrypoint,
        Env: environment(config.env),
        Labels: sorted(config.labels),
        User: config.user,
        WorkingDir: config.workdir,
      },
      created,
      history: layers.map((layer) => ({ created, created_by: `go-workstation: ${layer.title}` })),
      os: "linux",
      rootfs: { type: "layers", diff_ids: diffIds },
    }),
  );
  return { content, id: `sha256:${createHash("sha256").update(content).digest("hex")}`, diffIds };
}

export function environment(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(sorted(env)).map(([name, value]) => `${name}=${value}`);
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
