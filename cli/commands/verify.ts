/** `verify`: what evidence says, checked from the file alone. Needs neither Docker, nor the engine, nor a network. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { type Check, check } from "../../domain/evidence/check.ts";
import { changedParts, judgeEvidence } from "../../domain/evidence/judge.ts";
import { FORMAT, VERSION } from "../../domain/evidence/schema.ts";
import type { Context } from "../context.ts";
import { CliError, codeOf, exitCodes, messageOf } from "../errors.ts";
import { readEnvelope, requireSigner } from "../signed/envelope.ts";
import { allowedSigners, type Verified } from "../signed/ssh.ts";
import { table } from "../table.ts";

export interface VerifyOptions {
  allowUnsigned?: boolean;
}

export async function verify(context: Context, options: VerifyOptions, file: string): Promise<number> {
  const kind = { format: FORMAT, version: VERSION };
  const envelope = readEnvelope(read(file), kind, file, (payload) => changedParts(payload).join(", "));
  const signer = await requireSigner(envelope, file, {
    files: allowedSigners(context.root, context.env, homedir()),
    allowUnsigned: options.allowUnsigned === true,
  });
  const checks = [signed(signer), ...judgeEvidence(envelope.payload, Date.now())];
  const holds = checks.every(({ status }) => status !== "fail");
  const { taken, stack } = { ...(envelope.payload as object | null) } as Record<string, unknown>;
  if (context.globals.json) {
    const { key: _key, ...who } = { ...signer?.signer, principal: signer?.principal ?? null };
    const by = signer === undefined ? null : who;
    context.print(JSON.stringify({ file, holds, taken, stack, sha256: envelope.sha256, signer: by, checks }, null, 2));
  } else context.print(render(context, file, checks, `${String(stack)}, taken ${String(taken)}`));
  return holds ? exitCodes.success : exitCodes.policy;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const why = codeOf(error) === "ENOENT" ? "there is no such file" : messageOf(error);
    throw new CliError(`${file}: cannot be read: ${why}.`);
  }
}

function signed(verified: Verified | undefined): Check {
  if (verified === undefined) {
    return check("file", "signature", "it is signed", [], ["it is not signed: anybody can have written it"]);
  }
  const { signer, principal } = verified;
  if (principal !== undefined) {
    return check("file", "signature", `it is signed by ${principal} (${signer.fingerprint})`, []);
  }
  const unknown = [`nobody here knows its signer ${signer.fingerprint}`];
  return check("file", "signature", "it is signed by somebody known", [], unknown);
}

/** A table of thousands of lines helps nobody; JSON has them all. */
const MOST = 20;

function rowsOf({ part, title, status, found, notes }: Check): string[][] {
  if (status === "ok") return [["OK", part, title]];
  const rows = [...found.map((text) => ["FAIL", part, text]), ...notes.map((text) => ["NOTE", part, text])];
  const more = rows.length - MOST;
  return more > 0 ? [...rows.slice(0, MOST), ["", part, `and ${more} more: --json names them`]] : rows;
}

/** Who wrote the file does not get to move the cursor of who reads it. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, "\u{fffd}");

function render({ terminal }: Context, file: string, checks: readonly Check[], about: string): string {
  // A line for each part that nobody touched would hide the others; JSON has them.
  const shown = checks.filter(({ id, status }) => id !== "whole" || status !== "ok");
  const rows = shown.flatMap(rowsOf).map((row) => row.map(printable));
  const failed = checks.filter(({ status }) => status === "fail").length;
  const sum = failed === 0 ? `All of ${file} holds` : `${failed} of ${checks.length} statements of ${file} do not hold`;
  const painted = process.stdout.isTTY === true ? terminal.paint(failed === 0 ? "green" : "red", sum) : sum;
  const notes = checks.flatMap((one) => one.notes).length;
  const counted = notes === 1 ? "1 note" : `${notes} notes`;
  return `${table(["STATE", "PART", "WHAT"], rows)}\n\n${painted} (${printable(about)}; ${counted}).`;
}
