/** Whose bundles are used: this user's own, those of keys that are trusted, and others only when that is said. */
import { CliError } from "../errors.ts";
import { fingerprintOf, isTrusted, trust } from "../signing/keys.ts";
import type { Opened } from "./unpack.ts";

export interface Consent {
  /** Fingerprint that the person compared: that key is trusted from now on. */
  signer?: string;
  allowUnsigned?: boolean;
}

/** Throws unless the bundle may be used; answers a line that says whose it is. */
export function judgeSigner(opened: Pick<Opened, "signer">, file: string, folder: string, consent: Consent): string {
  const { signer } = opened;
  if (signer === undefined) {
    if (consent.allowUnsigned === true) return "not signed, used because of --allow-unsigned";
    throw new CliError(
      `${file} is not signed: nobody says that it is what it should be. Have it made without --unsigned, or use it all the same with --allow-unsigned.`,
    );
  }
  const fingerprint = fingerprintOf(signer);
  if (isTrusted(folder, fingerprint)) return `signed by ${fingerprint}`;
  if (consent.signer === fingerprint) {
    trust(folder, signer);
    return `signed by ${fingerprint}, trusted from now on`;
  }
  if (consent.signer !== undefined) {
    throw new CliError(
      `${file} is signed by ${fingerprint}, and --signer says ${consent.signer}. It is not the bundle that you were told of.`,
    );
  }
  if (consent.allowUnsigned === true) return `signed by ${fingerprint}, unknown here, used because of --allow-unsigned`;
  throw new CliError(
    `${file} is signed by a key that is not trusted here: ${fingerprint}\nAsk whoever made it what \`./workstation trust-key\` prints there. When it is the same, run this again with --signer ${fingerprint}; that key is then trusted from now on. \`--allow-unsigned\` uses the bundle once without trusting its maker.`,
  );
}
