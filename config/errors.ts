/** Where settings come from, for messages. */
export interface SettingsSource {
  file?: string;
  /** Line in the file of a key below `go-workstation:`, or of the nearest key above it that is there. */
  lineOf?: (path: readonly PropertyKey[]) => number | undefined;
}

/** Everything that is wrong with the settings, one line each: `FILE:LINE: KEY: what, and what is allowed`. */
export class SettingsError extends Error {
  readonly messages: readonly string[];
  /** The engine prints a run error as its message alone; a stack trace says nothing to who wrote the settings. */
  readonly __pulumiRunError = true;

  constructor(messages: readonly string[]) {
    super(messages.join("\n"));
    this.name = "SettingsError";
    this.messages = messages;
  }
}
