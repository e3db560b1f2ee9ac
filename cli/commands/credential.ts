/** `credential`: secrets of private modules in the person's own stack file, encrypted by the engine. */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { credentialNameProblem } from "../../config/credentials.ts";
import * as edit from "../../config/edit-credentials.ts";
import { goProxy } from "../../config/go-proxy.ts";
import { readStackFile } from "../../config/load.ts";
import { credentialAdvice } from "../../domain/go-proxy/credential-advice.ts";
import { withLock } from "../../provider/lock.ts";
import { type Context, stackFile } from "../context.ts";
import { readSecret } from "../credentials/ask.ts";
import { seal, unseal } from "../credentials/seal.ts";
import { checkKey, checkSecret, kindOf } from "../credentials/secret.ts";
import { CliError, exitCodes, messageOf } from "../errors.ts";
import { interrupted } from "../interrupt.ts";
import { findEngine, lockName, openSession, type Session } from "../session.ts";
import { told } from "../settings.ts";
import { writeFileAtomic } from "../setup/record.ts";
import { initStack } from "../setup/stack.ts";
import { stateStep } from "../setup/state.ts";
import { perform } from "../setup/step.ts";
import { table } from "../table.ts";

export async function setCredential(context: Context, options: { sshKey?: string }, host: string): Promise<number> {
  refuseName(host);
  const session = openStack(context);
  const engine = await findEngine(session);
  const secret = await secretFor(host, options.sshKey);
  await withLock(lockName(session), waiting(session), async () => {
    // Also before the first `up`: settings come first for many.
    await initStack(context, engine, await perform(context, stateStep(context)));
    const { file, text } = readText(session);
    const sealed = await seal(engine, context.stateDir, edit.engineKeys(text, file), host, secret);
    change(session, (now, name) =>
      edit.setCredential(edit.addEngineKeys(now, name, sealed.keys), name, host, sealed.ciphertext),
    );
  });
  context.print(`Stored the ${kindOf(secret)} of ${host}, encrypted. \`./workstation up\` takes it into use.`);
  return exitCodes.success;
}

async function secretFor(host: string, keyFile: string | undefined): Promise<string> {
  if (keyFile === undefined) {
    const what = `Password or token of ${host}`;
    const text = await readSecret(process.stdin, (part) => process.stderr.write(part), what);
    const secret = checkSecret(text, process.stdin.isTTY === true ? what : "stdin");
    refuseKey(host, secret);
    return secret;
  }
  let text: string;
  try {
    text = readFileSync(keyFile, "utf8");
  } catch (error) {
    throw new CliError(`--ssh-key: ${keyFile} cannot be read: ${messageOf(error)}`);
  }
  const key = checkKey(text, `--ssh-key: ${keyFile}`);
  refuseKey(host, key);
  return key;
}

function refuseKey(host: string, secret: string): void {
  if (kindOf(secret) === "ssh key" && (host === "s3" || host === "redis")) {
    throw new CliError(`${host} takes a password, not an SSH key.`);
  }
}

export async function removeCredential(context: Context, _options: object, host: string): Promise<number> {
  const session = openStack(context);
  await withLock(lockName(session), waiting(session), async () => {
    change(session, (text, file) => edit.removeCredential(text, file, host));
  });
  context.print(
    `Removed the secret of ${host}. \`./workstation up\` takes it out of use; make it invalid on the server too.`,
  );
  return exitCodes.success;
}

export async function listCredentials(context: Context): Promise<number> {
  const session = openStack(context);
  const file = stackFile(context, session.stack);
  const { raw } = told(() => readStackFile(file));
  const credentials = (raw.credentials ?? {}) as Record<string, unknown>;
  const hosts = Object.keys(credentials).sort();
  const kinds = hosts.length === 0 ? {} : await kindsOf(session, credentials);
  const proxy = goProxy.safeParse(raw.goProxy ?? {});
  const warnings = proxy.success ? credentialAdvice(proxy.data, hosts) : [];
  if (context.globals.json) {
    const rows = hosts.map((host) => ({ host, kind: kinds[host] ?? null }));
    context.print(JSON.stringify({ credentials: rows, warnings }));
    return exitCodes.success;
  }
  if (hosts.length === 0) context.print("No credentials. `./workstation credential set HOST` stores one.");
  else
    context.print(
      table(
        ["HOST", "KIND"],
        hosts.map((host) => [host, kinds[host] ?? "cannot be decrypted"]),
      ),
    );
  for (const warning of warnings) warn(context, warning);
  return exitCodes.success;
}

/** Ciphertext does not say what it is. What cannot be opened is told and has no kind. */
async function kindsOf(session: Session, credentials: Record<string, unknown>): Promise<Record<string, string>> {
  const { context } = session;
  try {
    const engine = await findEngine(session);
    const { file, text } = readText(session);
    const secrets = await unseal(engine, context.stateDir, edit.engineKeys(text, file), credentials);
    return Object.fromEntries(Object.entries(secrets).map(([host, secret]) => [host, kindOf(secret)]));
  } catch (error) {
    if (interrupted.aborted) throw error;
    warn(context, `The credentials cannot be decrypted here: ${messageOf(error).split("\n").at(-1)}`);
    return {};
  }
}

function refuseName(host: string): void {
  const problem = credentialNameProblem(host);
  // A person may have put the secret in the host's place: not repeated.
  if (problem !== undefined)
    throw new CliError(`What was given as HOST ${problem}. It is not repeated here, because it may be a secret.`);
}

function openStack(context: Context): Session {
  const session = openSession(context);
  const file = stackFile(context, session.stack);
  if (!existsSync(file)) throw new CliError(`${basename(file)} is not there yet. \`./workstation up\` writes it.`);
  return session;
}

function readText({ context, stack }: Session): { file: string; text: string } {
  const path = stackFile(context, stack);
  return { file: basename(path), text: readFileSync(path, "utf8") };
}

/** Other things in the file may still be wrong: a missing secret is one of them. */
function change(session: Session, edited: (text: string, file: string) => string): void {
  const { file, text } = readText(session);
  writeFileAtomic(
    stackFile(session.context, session.stack),
    told(() => edited(text, file)),
    0o644,
  );
}

const waiting = ({ context, stack }: Session) => ({
  signal: interrupted,
  onWait: (holder: string) => context.terminal.line(`Waiting: ${holder} works on the stack "${stack}" ...`),
});

function warn({ terminal }: Context, text: string): void {
  terminal.line(terminal.paint("yellow", `! ${text}`));
}
