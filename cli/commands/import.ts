/** `import`: somebody's export into this person's own stack file. */
import { copyFileSync, existsSync, readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { fillIn } from "../../domain/export/apply.ts";
import { type ExportDocument, ExportError, MOST_BYTES, parseExport } from "../../domain/export/document.ts";
import type { Json } from "../../domain/export/spans.ts";
import { type Context, chosenStack, stackFile } from "../context.ts";
import { CliError, exitCodes, messageOf } from "../errors.ts";
import { type Answers, gatherAnswers, givenAnswers, knownAnswers, terminalAsker } from "../export/answers.ts";
import { versionsOf, versionWarnings, whoIsHere } from "../export/facts.ts";
import { parameterTable, settingsTable, signerText } from "../export/show.ts";
import type { Signer } from "../export/ssh-keygen.ts";
import { type StackText, stackText } from "../export/stack-text.ts";
import { judgeSigner } from "../export/trust.ts";
import { productOf } from "../product.ts";
import { told } from "../settings.ts";
import { writeFileAtomic } from "../setup/record.ts";
import { loginName, stackNameFor } from "../setup/stack.ts";
import { confirm } from "../terminal.ts";

export interface ImportOptions {
  set?: string[];
  setFile?: string[];
  allowUnsigned?: boolean;
}

export async function importSettings(context: Context, options: ImportOptions, file: string): Promise<number> {
  const document = readExport(file);
  const signer = judgeSigner(context, document, file, options.allowUnsigned === true);
  const { payload } = document;
  const stack = chosenStack(context) ?? stackNameFor(loginName(context.env));
  const given = givenAnswers(payload.parameters, { set: options.set ?? [], setFile: options.setFile ?? [] });
  const settings = payload.settings as Record<string, Json>;
  const warnings = [...unknownSigner(signer), ...given.warnings, ...differences(context, document)];
  introduce(context, file, document, signer, warnings);

  const known = knownAnswers(await whoIsHere(context));
  const asker = terminalAsker(process.stdin, process.stderr);
  const answers = await gatherAnswers(payload.parameters, given.answers, known, asker);
  const path = stackFile(context, stack);
  const present = existsSync(path) ? readFileSync(path, "utf8") : undefined;
  const fill = (value: Record<string, Json>) => fillIn(value, payload.parameters, answers);
  const hosts = payload.credentials.map((host) => String(fill({ host }).host ?? host));
  const wanted = { stack, settings: fill(settings), credentials: hosts, ...(present === undefined ? {} : { present }) };
  const result = told(() => stackText(wanted, basename(path)));
  const backup = await write(context, path, result, present, hasSecrets(document, answers));
  finish(context, { stack, path, signer, warnings, backup, result });
  return exitCodes.success;
}

function readExport(file: string): ExportDocument {
  let bytes: Buffer;
  try {
    if (statSync(file).size > MOST_BYTES) {
      throw new CliError(`${file} has more than ${MOST_BYTES / 1024 / 1024} MiB: that is no export of settings.`);
    }
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`${file} cannot be read (${messageOf(error)}).`);
  }
  try {
    const text = bytes.toString("utf8");
    // A byte that is no text would become a replacement character, and go unseen.
    if (!Buffer.from(text, "utf8").equals(bytes))
      throw new ExportError(`${file} is damaged: it is not UTF-8 text. Get it again.`);
    return parseExport(text, file);
  } catch (error) {
    if (error instanceof ExportError) throw new CliError(error.message);
    throw error;
  }
}

const unknownSigner = (signer: Signer | undefined): string[] =>
  signer?.principal === undefined ? [`${signerText(signer)}: used because of --allow-unsigned.`] : [];

function differences({ root }: Context, { payload }: ExportDocument): string[] {
  const { product, versions, settings } = payload;
  const ours = { product: productOf(root), ...versionsOf(root, settings) };
  return versionWarnings({ product, ...versions }, ours);
}

function introduce(
  context: Context,
  file: string,
  { payload }: ExportDocument,
  signer: Signer | undefined,
  warnings: readonly string[],
): void {
  const { terminal, globals } = context;
  for (const warning of warnings) terminal.line(terminal.paint("yellow", `! ${warning}`));
  if (globals.json) return;
  context.print(`${file}: ${signerText(signer)}\n`);
  context.print(settingsTable(payload.settings as Record<string, Json>));
  if (payload.parameters.length > 0) context.print(`\n${parameterTable(payload.parameters)}`);
  context.print("");
}

const hasSecrets = ({ payload }: ExportDocument, answers: Answers): boolean =>
  payload.parameters.some(({ name, secret }) => secret === true && answers.get(name) !== undefined);

/** Returns where the file that stood there before is now. */
async function write(
  { globals }: Context,
  path: string,
  { text, same }: StackText,
  present: string | undefined,
  secret: boolean,
): Promise<string | undefined> {
  if (same) return undefined;
  const name = basename(path);
  const mode = secret ? 0o600 : 0o644;
  if (present === undefined) {
    // Nothing is lost by a new file: only who can be asked is asked.
    if (process.stdin.isTTY === true && !(await confirm(`Write ${name}?`, globals.yes))) {
      throw new CliError("Nothing was written.");
    }
    writeFileAtomic(path, text, mode);
    return undefined;
  }
  if (!globals.yes) {
    throw new CliError(
      `${name} is there already and says something else; nothing was written. Import into another stack with --stack NAME, or replace it with --yes, which keeps the old one as ${name}.before-import.`,
    );
  }
  const backup = freeBackup(`${path}.before-import`, present);
  copyFileSync(path, backup);
  writeFileAtomic(path, text, mode);
  return backup;
}

/** An earlier backup may be the only copy of what a person wrote. */
function freeBackup(wanted: string, content: string): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    if (!existsSync(name) || readFileSync(name, "utf8") === content) return name;
  }
}

interface Done {
  stack: string;
  path: string;
  signer: Signer | undefined;
  warnings: readonly string[];
  backup: string | undefined;
  result: StackText;
}

function finish(context: Context, { stack, path, signer, warnings, backup, result }: Done): void {
  const suffix =
    chosenStack({ ...context, globals: { json: false, yes: false, color: false } }) === stack
      ? ""
      : ` --stack ${stack}`;
  const next = [
    ...result.missing.map((host) => `./workstation credential set ${host}${suffix}`),
    `./workstation up${suffix}`,
  ];
  if (context.globals.json) {
    const written = { stack, file: path, written: !result.same, backup: backup ?? null };
    const who = signer === undefined ? null : { ...signer, principal: signer.principal ?? null };
    context.print(JSON.stringify({ ...written, signer: who, warnings, credentials: result.missing, next }));
    return;
  }
  const name = basename(path);
  if (result.same) context.print(`${name} says the same already; nothing was written.`);
  else context.print(`Wrote ${name}.${backup === undefined ? "" : ` The old one is ${basename(backup)}.`}`);
  context.print("Next:");
  for (const command of next) context.print(`  ${command}`);
}
