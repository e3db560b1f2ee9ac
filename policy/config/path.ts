/** Where a team's policy configuration is. Apart from its checks: most checkouts have none, and pay nothing for it. */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** At the top of the checkout, committed, and optional. */
export const CONFIG_FILE = "policy.config.yaml";

/** Names another file instead. */
const VARIABLE = "WORKSTATION_POLICY_CONFIG";

export function configPath(root: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const named = env[VARIABLE];
  if (named) return named;
  const path = join(root, CONFIG_FILE);
  return existsSync(path) ? path : undefined;
}
