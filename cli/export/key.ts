/** Which SSH key signs: the one that was named, else the one that git signs with, else this user's usual one. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CliError } from "../errors.ts";
import { run } from "../process.ts";
import { DEFAULT_KEYS } from "../signed/ssh.ts";

/** A setting of git's in the checkout; empty when it has none, or there is no git. */
export async function gitSetting(name: string, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  try {
    const { code, stdout } = await run("git", ["config", "--get", name], { cwd, env });
    return code === 0 ? stdout.trim() : "";
  } catch (error) {
    if (error instanceof CliError && error.message.includes("not installed")) return "";
    throw error;
  }
}

export interface KeyQuestion {
  /** `--key`. */
  named?: string;
  home: string;
  root: string;
  env: NodeJS.ProcessEnv;
}

/** Gives the key's file to `use`; git may hold the public key itself, which then is a file for that long. */
export async function withKey<T>(question: KeyQuestion, use: (file: string) => T): Promise<T> {
  const key = await findKey(question);
  if (!/^(ssh|ecdsa|sk)-\S+ /.test(key)) return use(key);
  const folder = mkdtempSync(join(tmpdir(), "gows-key."));
  try {
    const file = join(folder, "key.pub");
    writeFileSync(file, `${key}\n`, { mode: 0o600 });
    return use(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function findKey({ named, home, root, env }: KeyQuestion): Promise<string> {
  if (named !== undefined) {
    const file = resolve(named);
    if (!existsSync(file)) throw new CliError(`--key ${named}: there is no such file. Name an SSH key's file.`);
    return file;
  }
  if ((await gitSetting("gpg.format", root, env)) === "ssh") {
    const written = await gitSetting("user.signingkey", root, env);
    const literal = written.replace(/^key::/, "");
    if (/^(ssh|ecdsa|sk)-\S+ /.test(literal)) return literal;
    if (written !== "") {
      const file = resolve(root, written.replace(/^~(?=\/)/, home));
      if (existsSync(file)) return file;
      throw new CliError(
        `git's user.signingkey names ${written}, and there is no such file. Name a key with --key FILE, or pass --unsigned.`,
      );
    }
  }
  // A public key alone is enough where an agent has the other half.
  const usual = DEFAULT_KEYS.map((name) => join(home, ".ssh", name)).flatMap((file) => [file, `${file}.pub`]);
  const found = usual.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new CliError(
    `There is no SSH key to sign with (looked for ${DEFAULT_KEYS.map((name) => `~/.ssh/${name}`).join(", ")}, and git's user.signingkey). \`ssh-keygen -t ed25519\` makes one; --key FILE names one; --unsigned does without, and whoever imports it has to allow that.`,
  );
}
