/** Everything about reading settings that other folders use. */
export { SettingsError, type SettingsSource } from "./errors.ts";
export { parseSettings } from "./parse.ts";
export type { LoadedSettings, NamedProject } from "./schema.ts";
export { parseStackFile, readStackFile, type StackFile } from "./stack-file.ts";
