/** Images that the daemon builds: our layers on a base from a registry, and a team's own Dockerfile on top. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import type { ImageConfig, Layer } from "../../domain/recipe.ts";
import { proxyFacts } from "../facts/system.ts";
import type { Report } from "../handler.ts";
import type { Host } from "../host.ts";
import { daemonError, drain, inspectImage } from "./daemon.ts";
import type { CachedLayer } from "./layer-cache.ts";
import type { BaseSource } from "./layer-names.ts";
import { registryAuth } from "./registry-auth.ts";
import { baseFiles } from "./rootfs.ts";
import { addEntry } from "./tar.ts";

/** The base is here afterwards; what our layers need of it is read through a container that never starts. */
export async function imageSource(host: Host, reference: string, report: Report): Promise<BaseSource> {
  const client = await host.docker();
  let found = await inspectImage(client, reference);
  if (found === undefined) {
    if (reference.startsWith("sha256:"))
      throw new Error(`the base image ${reference} is not in this Docker daemon; name one that is`);
    report(`pulling ${reference}`);
    const auth = await registryAuth(host, reference);
    try {
      await drain(await client.pull(reference, auth === undefined ? {} : { authconfig: auth }), (message) =>
        report(`pulling ${reference}: ${message.status ?? ""}`),
      );
    } catch (error) {
      throw daemonError(`pull the base image ${reference}`, error);
    }
    found = await inspectImage(client, reference);
    if (found === undefined) throw new Error(`Docker pulled ${reference}, but does not have it`);
  }
  return { key: found.Id, arch: found.Architecture, files: () => filesOfImage(client, reference) };
}

async function filesOfImage(client: Docker, reference: string): Promise<Record<string, string | undefined>> {
  const { extract } = await import("tar-stream");
  const container = await client.createContainer({ Image: reference, Cmd: ["/"], NetworkDisabled: true });
  try {
    const read = async (name: string): Promise<string | undefined> => {
      const archive = await container.getArchive({ path: `/${name}` }).catch(() => undefined);
      if (archive === undefined) return undefined;
      const parts: Buffer[] = [];
      for await (const entry of (archive as Readable).pipe(extract())) {
        for await (const part of entry) parts.push(part as Buffer);
      }
      return Buffer.concat(parts).toString("utf8");
    };
    return Object.fromEntries(await Promise.all(baseFiles.map(async (name) => [name, await read(name)])));
  } finally {
    await container.remove({ force: true });
  }
}

/** Our layers, then our settings, on `base`. Tags the result when told to; answers its id. */
export async function buildOnto(
  host: Host,
  base: string,
  layers: readonly CachedLayer[],
  config: ImageConfig,
  tag: string | undefined,
  report: Report,
): Promise<string> {
  const lines = [
    `FROM ${base}`,
    "USER 0:0",
    ...layers.map((layer) => `ADD ${layer.digest}.tar /`),
    ...Object.entries(config.env).map(([name, value]) => `ENV ${name}=${quoted(value)}`),
    ...Object.entries(config.labels).map(([name, value]) => `LABEL ${quoted(name)}=${quoted(value)}`),
    `WORKDIR ${config.workdir}`,
    ...(config.user === "" ? [] : [`USER ${config.user}`]),
    `ENTRYPOINT ${JSON.stringify(config.entrypoint)}`,
    `CMD ${JSON.stringify(config.cmd)}`,
  ];
  const context = pack();
  const fill = async () => {
    await addEntry(context, {
      name: "Dockerfile",
      type: "file",
      mode: 0o644,
      content: Buffer.from(`${lines.join("\n")}\n`),
    });
    for (const layer of layers) {
      await addEntry(context, {
        name: `${layer.digest}.tar`,
        type: "file",
        mode: 0o644,
        content: { file: layer.file, size: layer.size },
      });
    }
    context.finalize();
  };
  fill().catch((error: unknown) => context.destroy(error as Error));
  const client = await host.docker();
  return build(client, context as never, { ...(tag === undefined ? {} : { t: tag }) }, report);
}

/** A team's Dockerfile. Its folder is the context, `.dockerignore` respected; this machine's proxies reach its steps. */
export async function buildDockerfile(
  host: Host,
  layer: Extract<Layer, { kind: "dockerfile" }>,
  base: string,
  report: Report,
): Promise<string> {
  const client = await host.docker();
  const dockerfile = path.relative(layer.context, layer.dockerfile);
  // Predefined build arguments: the builder leaves them out of the image and its history.
  const buildargs = { ...proxyFacts(host.env), BASE: base };
  const context = { context: layer.context, src: ["."] };
  report(`building ${layer.dockerfile}`);
  return build(client, context, { dockerfile, buildargs }, report, layer.dockerfile);
}

async function build(
  client: Docker,
  context: NodeJS.ReadableStream | Docker.ImageBuildContext,
  options: Docker.ImageBuildOptions,
  report: Report,
  file = "the image",
): Promise<string> {
  let id: string | undefined;
  const output: string[] = [];
  try {
    const answer = await client.buildImage(context, { ...options, rm: true, forcerm: true });
    await drain(answer, (message) => {
      id = message.aux?.ID ?? id;
      const text = message.stream?.trim();
      if (text === undefined || text === "") return;
      output.push(text);
      report(text.split("\n").at(-1)?.slice(0, 120) ?? "");
    });
  } catch (error) {
    const last = output.slice(-8).join("\n");
    throw daemonError(`build ${file}`, last === "" ? error : new Error(`${(error as Error).message}\n${last}`));
  }
  if (id === undefined) throw new Error(`Docker built ${file}, but did not say which image it is`);
  return id;
}

function quoted(value: string): string {
  return `"${value.replace(/[\\"$]/g, (character) => `\\${character}`)}"`;
}

/** What is wrong with a Dockerfile's start; it must build on the image that is handed to it. */
export async function dockerfileProblem(file: string): Promise<string | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return `${file} does not exist or cannot be read`;
  const lines = text
    .split("\n")
    .map((row) => row.trim())
    .filter((row) => row !== "" && !row.startsWith("#"));
  if (/^ARG\s+BASE$/i.test(lines[0] ?? "") && /^FROM\s+\$\{?BASE\}?(\s|$)/i.test(lines[1] ?? "")) return undefined;
  return `${file} must start with the lines "ARG BASE" and "FROM \${BASE}", but starts with ${JSON.stringify(lines.slice(0, 2).join(" / "))}`;
}
