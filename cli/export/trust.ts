/** Whose exports this checkout and this person take. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { type ExportDocument, FORMAT, signedText } from "../../domain/export/document.ts";
import type { Context } from "../context.ts";
import { CliError } from "../errors.ts";
import { allowedSigners } from "../signed/ssh.ts";
import { checkSignature, type Signer } from "./ssh-keygen.ts";

/** The line of such a list that lets a key sign exports, and nothing else. */
export const allowedLine = (key: string): string => `NAME namespaces="${FORMAT}" ${key}`;

/** Undefined for an export that nobody signed and that is used all the same. Throws when it is not to be used. */
export function judgeSigner(
  context: Pick<Context, "root" | "env">,
  { payload, signature, signer }: ExportDocument,
  file: string,
  allowUnsigned: boolean,
): Signer | undefined {
  if (signature === undefined || signer === undefined) {
    if (allowUnsigned) return undefined;
    throw new CliError(
      `${file} is not signed: nobody says that it is what it should be. Have it exported with a key, or use it all the same with --allow-unsigned.`,
    );
  }
  const lists = allowedSigners(context.root, context.env, homedir());
  const present = lists.filter((list) => existsSync(list));
  const found = checkSignature(signedText(payload), { signature, signer }, present, file, context.env);
  if (found.principal !== undefined || allowUnsigned) return found;
  throw new CliError(
    [
      `${file} is signed by a key that is not allowed here: ${found.fingerprint}`,
      "Ask whoever made it, not in the way in which the file came, what `export` printed there. When it is the same, add this line, with their name, to",
      `${lists[0]} (for the team) or ${lists[1]} (for you):`,
      `  ${allowedLine(signer.key)}`,
      "`--allow-unsigned` uses it once without that.",
    ].join("\n"),
  );
}
