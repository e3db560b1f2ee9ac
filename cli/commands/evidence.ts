/** `evidence`: one file that says what the stack is, for somebody who has neither it nor this machine. */
import { homedir } from "node:os";
import { judgeEvidence } from "../../domain/evidence/judge.ts";
import { FORMAT, VERSION } from "../../domain/evidence/schema.ts";
import type { Context } from "../context.ts";
import { CliError, exitCodes, messageOf } from "../errors.ts";
import { collectEvidence } from "../evidence/collect.ts";
import { openSession } from "../session.ts";
import { writeFileAtomic } from "../setup/record.ts";
import { type Envelope, seal, writeEnvelope } from "../signed/envelope.ts";
import { defaultKey, type SshSignature, signWithSsh } from "../signed/ssh.ts";

export interface EvidenceOptions {
  out: string;
  /** A private SSH key, or a public one whose private half the agent has. */
  key?: string;
  unsigned?: boolean;
}

export async function evidence(context: Context, options: EvidenceOptions): Promise<number> {
  const sign = await signing(options);
  const now = new Date();
  const payload = await collectEvidence(openSession(context), now);
  const envelope = await seal({ format: FORMAT, version: VERSION }, payload, sign);
  write(options.out, writeEnvelope(envelope));
  report(context, options.out, envelope, now);
  return exitCodes.success;
}

type Sign = (text: string) => Promise<SshSignature>;

/** Tried before anything is asked: who cannot sign should not wait first. */
async function signing({ key, unsigned }: EvidenceOptions): Promise<Sign | undefined> {
  if (unsigned === true) {
    if (key !== undefined) throw new CliError("--key and --unsigned: only one of them can be given.");
    return undefined;
  }
  const file = key ?? defaultKey(homedir());
  if (file === undefined) {
    throw new CliError(
      "There is no SSH key in ~/.ssh to sign with. Name one with --key, make one with `ssh-keygen -t ed25519`, or pass --unsigned.",
    );
  }
  const sign: Sign = async (text) => await signWithSsh(file, FORMAT, text);
  await sign("");
  return sign;
}

function write(file: string, text: string): void {
  try {
    writeFileAtomic(file, text, 0o644);
  } catch (error) {
    throw new CliError(`--out ${file}: cannot be written: ${messageOf(error)}.`);
  }
}

function report(context: Context, file: string, { sha256, signer, payload }: Envelope, now: Date): void {
  const failed = judgeEvidence(payload, now.getTime()).filter(({ status }) => status === "fail");
  if (context.globals.json) {
    context.print(JSON.stringify({ file, sha256, signer: signer ?? null, holds: failed.length === 0 }));
    return;
  }
  const by = signer === undefined ? "unsigned" : `signed by ${signer.fingerprint}`;
  context.print(`Evidence is in ${file} (sha256 ${sha256}, ${by}).`);
  if (failed.length > 0) {
    context.print(`${failed.length} of its statements do not hold; \`./workstation verify ${file}\` names them.`);
  }
}
