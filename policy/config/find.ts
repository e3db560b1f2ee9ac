/** The policy that is in force: the pack's rules with what the team's file says. */
import { type Policy, type PolicyConfig, policyOf } from "../policy.ts";

/** The checks of a file are loaded only where there is one: the pack starts on every run. */
export async function findPolicyConfig(path: string | undefined): Promise<PolicyConfig> {
  if (path === undefined) return {};
  const { loadPolicyConfig } = await import("./load.ts");
  return loadPolicyConfig(path);
}

export async function findPolicy(path: string | undefined): Promise<Policy> {
  return policyOf(await findPolicyConfig(path));
}
