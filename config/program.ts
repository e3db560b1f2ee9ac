/** The way from the engine's config to settings. */
import { basename } from "node:path";
import { SettingsError } from "./errors.ts";
import { PREFIX } from "./messages.ts";
import { parseSettings } from "./parse.ts";
import type { LoadedSettings } from "./schema.ts";

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
