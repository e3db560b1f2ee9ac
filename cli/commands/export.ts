/** `export`: the stack's settings as one file for others, without what is secret or personal. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { FORMAT, type Payload, renderExport, type Signed, signedText } from "../../domain/export/document.ts";
import type { Made } from "../../domain/export/make.ts";
import { type Context, requireStack, stackFile } from "../context.ts";
import { CliError, exitCodes } from "../errors.ts";
import { describe } from "../export/describe.ts";
import { whoIsHere } from "../export/facts.ts";
import { withKey } from "../export/key.ts";
import { signText } from "../export/ssh-keygen.ts";
import { allowedLine } from "../export/trust.ts";
import { writeFileAtomic } from "../setup/record.ts";

export interface ExportOptions {
  out?: string;
  key?: string;
  unsigned?: boolean;
}

export async function exportSettings(context: Context, options: ExportOptions): Promise<number> {
  if (options.unsigned === true && options.key !== undefined) {
    throw new CliError("--key and --unsigned contradict each other: pass one of them.");
  }
  const out = checkOut(options.out, context.globals.yes);
  const stack = requireStack(context);
  const { made, payload } = await describe(context, stackFile(context, stack));
  const signed = options.unsigned === true ? undefined : await sign(context, payload, options.key);
  writeFileAtomic(out, renderExport(payload, signed), 0o644);
  report(context, out, made, signed);
  return exitCodes.success;
}

function checkOut(out: string | undefined, yes: boolean): string {
  if (out === undefined) throw new CliError("Where the export is to be written is missing: --out FILE.");
  const file = resolve(out);
  const folder = dirname(file);
  if (!existsSync(folder) || !statSync(folder).isDirectory() || (existsSync(file) && !statSync(file).isFile())) {
    throw new CliError(`--out ${out} cannot be a file: its folder is missing, or a folder stands there.`);
  }
  if (!yes && existsSync(file) && !readFileSync(file, "utf8").includes(`"format": "${FORMAT}"`)) {
    throw new CliError(`--out ${out} is there already and is no export. Take another name, or replace it with --yes.`);
  }
  return file;
}

async function sign(context: Context, payload: Payload, key: string | undefined): Promise<Signed> {
  const { home } = await whoIsHere(context);
  const question = { home, root: context.root, env: context.env, ...(key === undefined ? {} : { named: key }) };
  return await withKey(question, (file) => signText(signedText(payload), file, context.env));
}

function report(context: Context, file: string, { parameters, credentials }: Made, signed: Signed | undefined): void {
  const fingerprint = signed?.signer.fingerprint;
  if (context.globals.json) {
    context.print(JSON.stringify({ file, signer: fingerprint ?? null, parameters, credentials }));
    return;
  }
  const secrets = parameters.filter(({ secret }) => secret === true).length;
  context.print(
    `${file}: ${parameters.length - secrets} personal values and ${secrets} secrets became parameters; ${credentials.length} credentials stay here.`,
  );
  for (const { name, usedBy, secret } of parameters) {
    context.print(`  ${name}${secret === true ? " (secret)" : ""}: ${usedBy.join(", ")}`);
  }
  if (signed === undefined) context.print("Not signed: it can only be imported with --allow-unsigned.");
  else {
    context.print(`Signed by ${signed.signer.fingerprint}. Who takes your exports has this line in allowed_signers:`);
    context.print(`  ${allowedLine(signed.signer.key)}`);
  }
  context.print("Look at it before you pass it on. There: ./workstation import FILE");
}
