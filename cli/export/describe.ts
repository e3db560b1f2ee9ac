/** The stack's settings as an export has them. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { parseSettings, readStackFile, type StackFile } from "../../config/load.ts";
import { structuredValues } from "../../config/parse.ts";
import { fillIn } from "../../domain/export/apply.ts";
import type { Payload } from "../../domain/export/document.ts";
import { type Made, makeExport } from "../../domain/export/make.ts";
import type { Json } from "../../domain/export/spans.ts";
import type { Context } from "../context.ts";
import { CliError } from "../errors.ts";
import { productOf } from "../product.ts";
import { told } from "../settings.ts";
import { versionsOf, vocabulary, whoIsHere } from "./facts.ts";

export async function describe(context: Context, path: string): Promise<{ made: Made; payload: Payload }> {
  if (!existsSync(path)) throw new CliError(`${basename(path)} is not there yet. \`./workstation up\` writes it.`);
  const file = told(() => readStackFile(path));
  const raw = structuredValues(file.raw) as Record<string, Json>;
  const made = makeExport(raw, await whoIsHere(context), vocabulary(context.root));
  told(() => checkMade(made, raw, file));
  const { settings, parameters, credentials } = made;
  const payload: Payload = {
    product: productOf(context.root),
    versions: versionsOf(context.root, file.raw),
    settings,
    parameters,
    credentials,
  };
  return { made, payload };
}

/** What this person could not use is not passed on; encrypted values outside of `credentials` are left out of the check. */
function checkMade(made: Made, { credentials }: Record<string, Json>, { source }: StackFile): void {
  const answers = new Map([...made.answers].map(([name, answer]) => [name, answer === "" ? undefined : answer]));
  const again = fillIn(made.settings, made.parameters, answers);
  parseSettings(credentials === undefined ? again : { ...again, credentials }, source);
}
