/** The way from the engine's config to settings. */
import { basename } from "node:path";
import { SettingsError } from "./errors.ts";
import { PREFIX } from "./messages.ts";
import { parseSettings } from "./parse.ts";
import type { LoadedSettings } from "./schema.ts";

/** Secrets apart from settings: what plans are made from holds none, and says whether the stack keeps them encrypted. */
export function splitCredentials(
  settings: LoadedSettings,
  isSecret: (key: string) => boolean,
): { settings: LoadedSettings; secrets: Record<string, string> } {
  const secrets = Object.fromEntries(
    Object.entries(settings.credentials).map(([host, value]) => [
      host,
      typeof value === "string" ? value : value.secure,
    ]),
  );
  if (!isSecret(`${PREFIX}:credentials`)) return { settings, secrets };
  const sealed = Object.fromEntries(Object.keys(secrets).map((host) => [host, { secure: "(encrypted)" }]));
  return { settings: { ...settings, credentials: sealed }, secrets };
}

/**
 * `all` is every config value of the stack as Pulumi hands it over. The stack file itself is read only when something
 * is wrong, to name the line.
 */
export async function parseConfig(all: Record<string, string>, file: string): Promise<LoadedSettings> {
  const raw = Object.fromEntries(
    Object.entries(all).flatMap(([key, value]) =>
      key.startsWith(`${PREFIX}:`) ? [[key.slice(PREFIX.length + 1), value as unknown]] : [],
    ),
  );
  try {
    return parseSettings(raw, { file: basename(file) });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const { readStackFile } = await import("./stack-file.ts");
    let source: ReturnType<typeof readStackFile>["source"];
    try {
      ({ source } = readStackFile(file));
    } catch {
      throw error;
    }
    return parseSettings(raw, source);
  }
}
