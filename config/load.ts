/** Everything about reading settings that other folders use. */
export { SettingsError, type SettingsSource } from "./errors.ts";
export { type LoadedSettings, type NamedProject, parseSettings } from "./parse.ts";
export { parseStackFile, readStackFile, type StackFile } from "./stack-file.ts";
