/** Ports on 127.0.0.1 that the settings want and that something else has. Known before anything is changed. */
import { createServer } from "node:net";
import { basename } from "node:path";
import type { LoadedSettings } from "../config/load.ts";
import { type Context, stackFile } from "./context.ts";
import { CliError, codeOf } from "./errors.ts";
import type { ListedContainer } from "./observe.ts";

export interface WantedPort {
  /** Of a project or a part of the stack. */
  owner: string;
  /** Where the settings have it. */
  key: string;
  port: number;
}

/** `ours` are the stack's containers: what they have published is no conflict. */
export async function busyPorts(
  settings: Pick<LoadedSettings, "projects" | "goProxy">,
  ours: readonly ListedContainer[],
  isBusy: (port: number) => Promise<boolean> = portIsBusy,
): Promise<WantedPort[]> {
  const published = new Set(ours.flatMap((container) => container.Ports ?? []).map((port) => port.PublicPort));
  const { goProxy } = settings;
  const wanted: WantedPort[] = [
    ...settings.projects.flatMap(({ name, ports }) =>
      ports.map((port) => ({ owner: name, key: `projects[${name}].ports: host`, port: port.host })),
    ),
    ...(goProxy.mode === "off" ? [] : [{ owner: "goProxy", key: "goProxy.port:", port: goProxy.port }]),
  ];
  const busy = await Promise.all(wanted.map(async ({ port }) => !published.has(port) && (await isBusy(port))));
  return wanted.filter((_, index) => busy[index]);
}

/** Tried as Docker tries it. That we may not take a low port says nothing about the daemon. */
export async function portIsBusy(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(codeOf(error) === "EADDRINUSE"));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(false)));
  });
}

export async function refuseBusyPorts(
  context: Context,
  stack: string,
  settings: LoadedSettings,
  ours: readonly ListedContainer[],
): Promise<void> {
  const busy = await busyPorts(settings, ours);
  if (busy.length === 0) return;
  const file = basename(stackFile(context, stack));
  throw new CliError(
    busy
      .map(
        ({ key, port }) =>
          `${file}: go-workstation:${key} ${port} is taken on 127.0.0.1 by another program. Stop it, or choose another port.`,
      )
      .join("\n"),
  );
}
