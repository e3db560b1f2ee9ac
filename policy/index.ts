/** The policy pack that every `up` runs. Which rules there are is said in rules/, how they are served in pack.ts. */
import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { findPolicy } from "./config/find.ts";
import { configPath } from "./config/path.ts";
import { PolicyPack } from "./pack.ts";

async function serve(): Promise<void> {
  const path = configPath(join(import.meta.dirname, ".."), process.env);
  new PolicyPack("workstation", {
    version: manifest.version,
    description: "What the workstation's containers, ports and images must look like",
    policy: await findPolicy(path),
  });
}

// Not awaited at the top: the language host loads this file with `require`, which cannot wait.
serve().catch((error: unknown) => {
  console.error(`policy pack workstation: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
