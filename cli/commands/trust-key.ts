/** `trust-key`: whose bundles this user takes. Without a file it lists. */
import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { homedir } from "node:os";
import { openBundle } from "../bundle/unpack.ts";
import type { Context } from "../context.ts";
import { CliError, messageOf } from "../errors.ts";
import { distrust, fingerprintOf, ownKey, readPublicKey, signingFolder, trust, trustedKeys } from "../signing/keys.ts";

/** A public key in PEM form begins so; anything else is taken for a bundle. */
const pemStart = "-----BEGIN";

export async function trustKey(context: Context, options: { remove?: string }, file?: string): Promise<number> {
  const folder = signingFolder(context.env, homedir());
  if (options.remove !== undefined) {
    distrust(folder, options.remove);
    context.print(`${options.remove} is no longer trusted.`);
    return 0;
  }
  if (file !== undefined) {
    const key = await keyIn(file);
    context.print(`${fingerprintOf(key)} is trusted from now on (${trust(folder, key)}).`);
    return 0;
  }
  const own = fingerprintOf(ownKey(folder).publicKey);
  const trusted = trustedKeys(folder);
  if (context.globals.json) context.print(JSON.stringify({ own, trusted }));
  else {
    context.print(`own      ${own}  ${folder}/key.pub.pem`);
    for (const key of trusted) context.print(`trusted  ${key.fingerprint}  ${key.file}`);
  }
  return 0;
}

async function keyIn(file: string) {
  let start: string;
  try {
    const handle = await open(file);
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
      start = buffer.subarray(0, bytesRead).toString("latin1");
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new CliError(`${file} cannot be read (${messageOf(error)}).`);
  }
  if (start.trimStart().startsWith(pemStart)) return readPublicKey(readFileSync(file, "utf8"), file);
  const { signer } = await openBundle(file);
  if (signer === undefined) throw new CliError(`${file} is not signed, so there is no key to trust.`);
  return signer;
}
