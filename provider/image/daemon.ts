/** Images in the Docker daemon: loaded, looked at, removed. */
import type Docker from "dockerode";
import type { ImageInspectInfo } from "dockerode";
import { LABEL_RECIPE } from "../../domain/names.ts";
import type { Report } from "../handler.ts";
import type { Host } from "../host.ts";
import { imageArchive } from "./archive.ts";
import type { ConfigFile } from "./config-file.ts";
import type { CachedLayer } from "./layer-cache.ts";

export async function inspectImage(client: Docker, reference: string): Promise<ImageInspectInfo | undefined> {
  try {
    return await client.getImage(reference).inspect();
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw daemonError(`look at the image ${reference}`, error);
  }
}

/** Loads the assembled image and checks that the daemon understood exactly what was sent. */
export async function loadImage(
  host: Host,
  config: ConfigFile,
  layers: readonly CachedLayer[],
  tags: readonly string[],
  report: Report,
): Promise<string> {
  const client = await host.docker();
  const started = Date.now();
  const present = await presentLayers(client, config.diffIds);
  report(`loading ${layers.length - present} of ${layers.length} layers into Docker`);
  try {
    await send(host, client, config, layers, tags, present);
  } catch (error) {
    // Daemons with another image store want every layer each time.
    if (present === 0 || host.signal.aborted) throw error;
    await send(host, client, config, layers, tags, 0);
  }
  const id = await verify(client, config, tags[0] ?? config.id);
  const seconds = (Date.now() - started) / 1000;
  report(`loaded ${layers.length - present} layers into Docker: ${seconds.toFixed(1)} s`, { finished: seconds >= 2 });
  return id;
}

async function send(
  host: Host,
  client: Docker,
  config: ConfigFile,
  layers: readonly CachedLayer[],
  tags: readonly string[],
  present: number,
): Promise<void> {
  const archive = imageArchive(config, layers, tags, present);
  const stop = () => archive.destroy();
  host.signal.addEventListener("abort", stop, { once: true });
  try {
    // `quiet`: without it the daemon sends a line for every half megabyte.
    const response = await client.loadImage(archive as never, { quiet: true });
    await drain(response, () => {});
  } catch (error) {
    throw daemonError("load the image", error);
  } finally {
    host.signal.removeEventListener("abort", stop);
    archive.destroy();
  }
}

async function verify(client: Docker, config: ConfigFile, reference: string): Promise<string> {
  const found = await inspectImage(client, reference);
  if (found?.Id === config.id) return found.Id;
  // The containerd image store names images by their manifest; the layers still tell whether it is ours.
  const layers = found?.RootFS?.Layers ?? [];
  if (found !== undefined && layers.join() === config.diffIds.join()) {
    const info = (await client.info()) as { DriverStatus?: [string, string][] };
    if (info.DriverStatus?.some(([, value]) => value.startsWith("io.containerd.snapshotter")) === true) return found.Id;
  }
  throw new Error(
    `Docker loaded ${reference} as ${found?.Id ?? "nothing"}, but what was sent is ${config.id}; the daemon changed it, so it is not used`,
  );
}

/** How many of the first layers an image of ours has in this daemon already. */
async function presentLayers(client: Docker, diffIds: readonly string[]): Promise<number> {
  const images = await client.listImages({ all: true, filters: { label: [LABEL_RECIPE] } });
  const inspected = await Promise.all(
    images.slice(0, 20).map((image) => inspectImage(client, image.Id).catch(() => undefined)),
  );
  return Math.max(0, ...inspected.map((image) => commonPrefix(image?.RootFS?.Layers ?? [], diffIds)));
}

export function commonPrefix(a: readonly string[], b: readonly string[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}

/** Reads an answer of JSON lines to its end; an error in it throws. */
export async function drain(
  stream: NodeJS.ReadableStream,
  onMessage: (message: { stream?: string; status?: string; aux?: { ID?: string } }) => void,
): Promise<void> {
  let rest = "";
  const take = (text: string) => {
    if (text.trim() === "") return;
    const message = JSON.parse(text) as { error?: string; stream?: string };
    if (message.error !== undefined) throw new Error(message.error.trim());
    onMessage(message);
  };
  for await (const part of stream) {
    const lines = (rest + part.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) take(text);
  }
  take(rest);
}

/** Takes the name away, and the image with it when it was the last one. Only what carries our hash: never a stranger's. */
export async function removeImage(client: Docker, reference: string, hash: string): Promise<void> {
  const found = await inspectImage(client, reference);
  if (found === undefined || found.Config?.Labels?.[LABEL_RECIPE] !== hash) return;
  try {
    await client.getImage(reference).remove({ force: false });
  } catch (error) {
    if (statusOf(error) === 404) return;
    if (statusOf(error) !== 409) throw daemonError(`remove the image ${reference}`, error);
    const users = await client.listContainers({ all: true, filters: { ancestor: [found.Id] } });
    const names = users.map((user) => user.Names[0]?.replace(/^\//, "") ?? user.Id.slice(0, 12));
    throw new Error(
      `the image ${reference} is still used by ${names.length === 0 ? "a container" : names.join(", ")}; remove that first (docker rm -f ${names.join(" ") || "CONTAINER"}) and run again`,
    );
  }
}

export function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number } | undefined)?.statusCode;
}

export function daemonError(what: string, error: unknown): Error {
  const { json, message, code } = error as { json?: { message?: string }; message?: string; code?: string };
  const cause =
    code === "ENOENT" || code === "ECONNREFUSED"
      ? "no daemon answers; start Docker and run again"
      : code === "ECONNRESET" || code === "EPIPE"
        ? "the daemon went away in the middle; start Docker and run again"
        : (json?.message ?? message ?? String(error));
  return new Error(`Docker could not ${what}: ${cause}`, { cause: error });
}
