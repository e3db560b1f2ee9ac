/** An import as the text of a stack file. */
import { stringify } from "yaml";
import { credentialNameProblem } from "../../config/credentials.ts";
import { addEngineKeys, engineKeys } from "../../config/edit-credentials.ts";
import { parseSettings, parseStackFile } from "../../config/load.ts";
import { PREFIX } from "../../config/messages.ts";
import { structuredValues } from "../../config/parse.ts";
import { isGroup, type Json } from "../../domain/export/spans.ts";
import { canonicalJson } from "../../domain/recipe-hash.ts";

export interface Wanted {
  stack: string;
  settings: Record<string, Json>;
  /** Hosts whose secrets the settings need. */
  credentials: readonly string[];
  /** Text of the stack file that is there. */
  present?: string;
}

export interface StackText {
  text: string;
  /** The file that is there says the same already. */
  same: boolean;
  /** Hosts whose secrets are still to be stored. */
  missing: string[];
}

const HEADING = (stack: string): string =>
  [
    "# yaml-language-server: $schema=./config/stack.schema.json",
    "#",
    `# Your own settings of the stack "${stack}", from an export. git ignores this file; change it as you like.`,
    "# What a key means and may hold: docs/settings.md.",
    "",
  ].join("\n");

/** Secrets of this stack, and the key that opens them and its state, stay: only this machine has them. */
export function stackText({ stack, settings, credentials, present }: Wanted, file: string): StackText {
  const there = present === undefined ? {} : structuredValues(parseStackFile(present, file).raw);
  const kept = isGroup(there.credentials) ? there.credentials : {};
  const config = Object.keys(kept).length === 0 ? settings : { ...settings, credentials: kept };
  const missing = credentials.filter((host) => !(host in kept));
  validate({ ...config }, kept, missing, file);
  const body = stringify(
    { config: Object.fromEntries(Object.entries(config).map(([key, value]) => [`${PREFIX}:${key}`, value])) },
    { lineWidth: 0 },
  );
  const text = HEADING(stack) + body;
  return {
    text: present === undefined ? text : addEngineKeys(text, file, engineKeys(present, file)),
    same: present !== undefined && canonicalJson(there) === canonicalJson(config),
    missing,
  };
}

/** Secrets that come later are taken as there: `credential set` needs the file first. */
function validate(
  config: Record<string, unknown>,
  kept: Record<string, unknown>,
  missing: readonly string[],
  file: string,
): void {
  const later = missing.filter((host) => credentialNameProblem(host) === undefined);
  const pretended = Object.fromEntries(later.map((host) => [host, { secure: "later" }]));
  parseSettings({ ...config, credentials: { ...kept, ...pretended } }, { file });
}
