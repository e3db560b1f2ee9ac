/** Settings as written, by Pulumi or in a file, into validated ones; or every reason why not, each with its place. */
import type { z } from "zod";
import { crossChecks, nameProjects } from "./checks.ts";
import { isCredential } from "./credentials.ts";
import { SettingsError, type SettingsSource } from "./errors.ts";
import { describeIssue, fullKey, type Place, valueAt } from "./messages.ts";
import { type LoadedSettings, settingsSchema } from "./schema.ts";

/**
 * `raw` holds the values by key without prefix: `{ image: …, projects: … }`. Values may be JSON text, which is how
 * Pulumi hands structured config to a program.
 */
export function parseSettings(raw: Record<string, unknown>, source: SettingsSource = {}): LoadedSettings {
  const place: Place = (path) => {
    const line = source.lineOf?.(path);
    if (source.file === undefined) return "";
    return line === undefined ? `${source.file}: ` : `${source.file}:${line}: `;
  };
  const values: Record<string, unknown> = {};
  const unreadable: string[] = [];
  for (const [key, value] of Object.entries(raw)) {
    // A key with nothing but comments below it: as if it were not there.
    if (value === null || value === "") continue;
    try {
      values[key] = structured(value);
    } catch {
      const shown = isCredential([key]) ? "" : `: ${JSON.stringify(value)}`;
      unreadable.push(`${place([key])}${fullKey([key])}: is text that should be JSON but does not parse${shown}`);
    }
  }
  if (unreadable.length > 0) throw new SettingsError(unreadable);

  const result = settingsSchema.safeParse(values);
  if (!result.success) throw new SettingsError(messages(result.error.issues, values, place));

  const { projects, problems: nameless } = nameProjects(result.data.projects);
  const settings = { ...result.data, projects };
  const named = valueAt(values, ["smokeTest", "project"]) !== undefined;
  const { smokeTest, problems } = crossChecks(settings, named);
  const all = [...nameless, ...problems];
  if (all.length > 0) {
    throw new SettingsError(all.map(({ path, message }) => `${place(path)}${fullKey(path)}: ${message}`));
  }
  return { ...settings, smokeTest };
}

/** Values as the schema sees them; text that should be JSON and is not stays text. */
export function structuredValues(raw: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(raw).flatMap(([key, value]): [string, unknown][] => {
      // A key with nothing but comments below it: as if it were not there.
      if (value === null || value === "") return [];
      try {
        return [[key, structured(value)]];
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        return [[key, value]];
      }
    }),
  );
}

/** Text that starts like JSON is JSON; other text is left to the schema, which says what should be there. */
function structured(value: unknown): unknown {
  return typeof value === "string" && /^\s*[[{]/.test(value) ? JSON.parse(value) : value;
}

function messages(issues: readonly z.core.$ZodIssue[], values: unknown, place: Place): string[] {
  return issues.flatMap((issue) => describeIssue(issue, values, place));
}
