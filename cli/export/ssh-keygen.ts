/** Signs and checks with OpenSSH's own program: it knows agents, hardware keys and lists of allowed signers. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArmor } from "../../domain/export/armor.ts";
import { FORMAT, type Signed } from "../../domain/export/document.ts";
import { CliError, codeOf } from "../errors.ts";

const NAMESPACE = FORMAT;
const NO_PROGRAM =
  "ssh-keygen is not on PATH, and exports are signed and checked with it. Install OpenSSH's client (Debian and Ubuntu: `sudo apt-get install openssh-client`)";

export interface Signer {
  fingerprint: string;
  /** As the list of allowed signers calls the key; undefined when no list has it. */
  principal?: string;
  /** The list. */
  list?: string;
}

type Env = NodeJS.ProcessEnv;
type Result = { code: number; stdout: string; stderr: string };

/** In our own process group, with the terminal's errors: a passphrase is asked for there. */
function sshKeygen(
  args: readonly string[],
  input: string | undefined,
  env: Env,
  withoutProgram: string,
  ask = false,
): Result {
  const { error, status, stdout, stderr } = spawnSync("ssh-keygen", args, {
    ...(input === undefined ? {} : { input }),
    env,
    encoding: "utf8",
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", ask ? "inherit" : "pipe"],
  });
  if (codeOf(error) === "ENOENT") throw new CliError(`${NO_PROGRAM}${withoutProgram}`);
  // It ended before it had read all: its code says why.
  if (error !== undefined && !(codeOf(error) === "EPIPE" && status !== null && status !== 0)) throw error;
  return { code: status ?? 1, stdout: stdout.trimEnd(), stderr: (stderr ?? "").trim() };
}

/** `key`: a private key's file, or the public one's of a key in an agent. */
export function signText(text: string, key: string, env: Env): Signed {
  const { code, stdout, stderr } = sshKeygen(
    ["-q", "-Y", "sign", "-n", NAMESPACE, "-f", key],
    text,
    env,
    ", or pass --unsigned.",
    process.stdin.isTTY === true && process.stderr.isTTY === true,
  );
  const signature = `${stdout}\n`;
  const armor = code === 0 ? parseArmor(signature) : undefined;
  if (armor === undefined) {
    throw new CliError(
      `${key} cannot sign${stderr === "" ? "" : `: ${stderr.split("\n").at(-1)}`}. A key with a passphrase signs through an agent (\`ssh-add ${key.replace(/\.pub$/, "")}\`); --key FILE takes another one, --unsigned none.`,
    );
  }
  return { signature, signer: { key: armor.key, fingerprint: armor.fingerprint } };
}

/** Whose signature it is. Throws when it is not one of this text, whoever made it. */
export function checkSignature(
  text: string,
  { signature, signer }: Signed,
  lists: readonly string[],
  file: string,
  env: Env,
): Signer {
  const armor = parseArmor(signature);
  if (
    armor === undefined ||
    armor.namespace !== NAMESPACE ||
    armor.key !== signer.key ||
    armor.fingerprint !== signer.fingerprint
  ) {
    throw new CliError(
      `${file} was changed after it was signed: its signature is not that of ${signer.fingerprint}. Get it again.`,
    );
  }
  const folder = mkdtempSync(join(tmpdir(), "gows-export."));
  try {
    const path = join(folder, "signature");
    writeFileSync(path, signature, { mode: 0o600 });
    return check(text, path, armor.fingerprint, lists, file, env);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function check(
  text: string,
  signature: string,
  fingerprint: string,
  lists: readonly string[],
  file: string,
  env: Env,
): Signer {
  const ask = (action: string, ...args: string[]): Result => {
    // Principals are found by the signature alone.
    const input = action === "find-principals" ? undefined : text;
    return sshKeygen(["-Y", action, ...args, "-s", signature], input, env, ".");
  };
  if (ask("check-novalidate", "-n", NAMESPACE).code !== 0) {
    throw new CliError(
      `${file} was changed after it was signed: the signature of ${fingerprint} does not fit. Get it again.`,
    );
  }
  for (const list of lists) {
    const { code, stdout } = ask("find-principals", "-f", list);
    if (code !== 0) continue;
    for (const principal of stdout.split("\n").filter((name) => name !== "")) {
      if (ask("verify", "-n", NAMESPACE, "-f", list, "-I", principal).code === 0)
        return { fingerprint, principal, list };
    }
  }
  return { fingerprint };
}
