/** The team's policy configuration, for commands: a mistake in it is told as it is. */
import { readFileSync } from "node:fs";
import { configPath } from "../../policy/config/path.ts";
import type { Policy, PolicyConfig } from "../../policy/policy.ts";
import type { Context } from "../context.ts";
import { CliError } from "../errors.ts";

type Place = Pick<Context, "root" | "env">;

async function read(path: string | undefined): Promise<PolicyConfig> {
  const { findPolicyConfig } = await import("../../policy/config/find.ts");
  try {
    return await findPolicyConfig(path);
  } catch (error) {
    if (error instanceof Error && error.name === "PolicyConfigError") throw new CliError(error.message);
    throw error;
  }
}

/** As the file says it; empty without one. */
export async function readPolicyConfig({ root, env }: Place): Promise<PolicyConfig> {
  return await read(configPath(root, env));
}

/** `file` is what `--config` names; without it the checkout's own. */
export async function loadPolicy({ root, env }: Place, file?: string): Promise<Policy> {
  const { policyOf } = await import("../../policy/policy.ts");
  return policyOf(await read(file ?? configPath(root, env)));
}

/** What of the configuration decides whether a run passes: its text, and how many of its exemptions are over by now. */
export async function policyInputs({ root, env }: Place): Promise<{ text: string; expired: number } | undefined> {
  const path = configPath(root, env);
  if (path === undefined) return undefined;
  const { exemptions = [] } = await read(path);
  const { isExpired, today } = await import("../../policy/exemptions.ts");
  const day = today();
  return { text: readFileSync(path, "utf8"), expired: exemptions.filter((one) => isExpired(one, day)).length };
}
