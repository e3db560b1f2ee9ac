/** Encrypts and decrypts with the engine. The stack file itself is not given to it: it would respell all of it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { type EngineKeys, engineKeys } from "../../config/edit-credentials.ts";
import { PREFIX } from "../../config/messages.ts";
import { parseStackFile } from "../../config/stack-file.ts";
import type { Engine } from "../engine/engine.ts";
import { CliError } from "../errors.ts";

/** Dots and colons of a host are no levels. */
export const engineKey = (host: string): string => `${PREFIX}:credentials[${JSON.stringify(host)}]`;

export interface Sealed {
  ciphertext: string;
  /** The salt and the like with which it was made. */
  keys: EngineKeys;
}

/** The value goes over stdin; the file that the engine writes holds ciphertext only. */
export async function seal(
  engine: Pick<Engine, "command">,
  folder: string,
  keys: EngineKeys,
  host: string,
  secret: string,
): Promise<Sealed> {
  return await withFile(folder, keys, async (file) => {
    const args = ["config", "set", "--secret", "--path", engineKey(host), "--config-file", file];
    await engine.command(args, secret);
    const text = readFileSync(file, "utf8");
    const { raw } = parseStackFile(text, "the engine's answer");
    const { secure } = ((raw.credentials ?? {}) as Record<string, { secure?: unknown }>)[host] ?? {};
    if (typeof secure !== "string" || secure === "") {
      throw new CliError(`The engine did not encrypt the secret of ${host}. Nothing was changed.`);
    }
    return { ciphertext: secure, keys: engineKeys(text, "the engine's answer") };
  });
}

/** The secrets by host. */
export async function unseal(
  engine: Pick<Engine, "command">,
  folder: string,
  keys: EngineKeys,
  credentials: Record<string, unknown>,
): Promise<Record<string, string>> {
  return await withFile(
    folder,
    keys,
    async (file) => {
      const told = await engine.command(["config", "get", `${PREFIX}:credentials`, "--json", "--config-file", file]);
      const { value } = JSON.parse(told) as { value: string };
      return JSON.parse(value) as Record<string, string>;
    },
    { [`${PREFIX}:credentials`]: credentials },
  );
}

async function withFile<T>(
  folder: string,
  keys: EngineKeys,
  work: (file: string) => Promise<T>,
  config: Record<string, unknown> = {},
): Promise<T> {
  const temporary = mkdtempSync(join(folder, "seal."));
  const file = join(temporary, "Pulumi.seal.yaml");
  try {
    writeFileSync(file, stringify({ ...keys, config }), { mode: 0o600 });
    return await work(file);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
