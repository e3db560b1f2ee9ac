/** Signatures with SSH keys, made and checked by `ssh-keygen -Y`: people have such keys, and allowed_signers files, already. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArmor } from "../../domain/export/armor.ts";
import { configFolder } from "../../provider/folders.ts";
import { CliError } from "../errors.ts";
import { type RunResult, run } from "../process.ts";

type Env = Readonly<Record<string, string | undefined>>;

export interface Signer {
  /** As in authorized_keys, without a comment: it would name a person and a machine. */
  key: string;
  /** `SHA256:` and the hash in base64. */
  fingerprint: string;
}

export interface SshSignature {
  /** `-----BEGIN SSH SIGNATURE-----` ... */
  armor: string;
  signer: Signer;
}

/** Whose key made it, as the signature itself says; that it fits anything is not checked. `what` starts messages. */
export function signerOf(armor: string, what: string): Signer {
  const found = parseArmor(armor);
  if (found === undefined) {
    throw new CliError(`${what}: its signature cannot be read. It is damaged, or was made by a newer version.`);
  }
  return { key: found.key, fingerprint: found.fingerprint };
}

/** In the order in which OpenSSH itself prefers keys. */
export const DEFAULT_KEYS = ["id_ed25519", "id_ecdsa", "id_rsa"];

/** The person's usual key; undefined where there is none. */
export const defaultKey = (home: string): string | undefined =>
  DEFAULT_KEYS.map((name) => join(home, ".ssh", name)).find((file) => existsSync(file));

/** Whom a team trusts, committed, and whom a person trusts. Neither has to be there. */
export const allowedSigners = (root: string, env: Env, home: string): string[] => [
  join(root, "allowed_signers"),
  join(configFolder(env, home), "allowed_signers"),
];

const TIMEOUT_MILLIS = 60_000;

async function keygen(args: readonly string[], input: string): Promise<RunResult> {
  // Nobody can be asked for a passphrase here: the agent knows it, or it fails with a reason.
  const env = { ...process.env, LC_ALL: "C", SSH_ASKPASS_REQUIRE: "never" };
  return await run("ssh-keygen", ["-Y", ...args], { env, input, timeout: TIMEOUT_MILLIS });
}

/** `key` is a private key's file, or that of a public key whose private half the agent has. */
export async function signWithSsh(key: string, namespace: string, text: string): Promise<SshSignature> {
  if (!existsSync(key)) throw new CliError(`--key ${key}: there is no such file.`);
  const { code, stdout, stderr } = await keygen(["sign", "-f", key, "-n", namespace], text);
  if (code !== 0) {
    throw new CliError(
      `--key ${key}: ssh-keygen could not sign with it: ${stderr.trim() || `exit ${code}`}\n` +
        "A key with a passphrase has to be in the SSH agent: `ssh-add` it, and pass its .pub file.",
    );
  }
  return { armor: stdout, signer: signerOf(stdout, key) };
}

export interface Verified {
  signer: Signer;
  /** Who that is, by an allowed_signers file; undefined where none knows the key. */
  principal?: string;
  /** That file. */
  file?: string;
}

/** An error when the signature is not of this text; that nobody knows the key is a result. `what` starts messages. */
export async function verifySsh(
  what: string,
  { armor, text, namespace }: { armor: string; text: string; namespace: string },
  files: readonly string[],
): Promise<Verified> {
  const signer = signerOf(armor, what);
  const folder = mkdtempSync(join(tmpdir(), "gows-signature-"));
  try {
    const signature = join(folder, "signature");
    writeFileSync(signature, armor, { mode: 0o600 });
    const fits = await keygen(["check-novalidate", "-n", namespace, "-s", signature], text);
    if (fits.code !== 0) {
      throw new CliError(
        `${what} was changed after it was signed, or was signed for something else: the signature of ${signer.fingerprint} does not fit. Get it again.`,
      );
    }
    for (const file of files.filter((one) => existsSync(one))) {
      const principal = await principalIn(file, { signature, text, namespace });
      if (principal !== undefined) return { signer, principal, file };
    }
    return { signer };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The file decides about namespaces and dates too. */
async function principalIn(
  file: string,
  { signature, text, namespace }: { signature: string; text: string; namespace: string },
): Promise<string | undefined> {
  const found = await keygen(["find-principals", "-f", file, "-s", signature], "");
  for (const principal of found.stdout.split("\n").filter((line) => line !== "")) {
    const args = ["verify", "-f", file, "-I", principal, "-n", namespace, "-s", signature];
    if ((await keygen(args, text)).code === 0) return principal;
  }
  return undefined;
}
