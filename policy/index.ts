/** The policy pack that every `up` runs. Which rules there are is said in rules/, how they are served in pack.ts. */
import manifest from "../package.json" with { type: "json" };
import { PolicyPack } from "./pack.ts";
import { workstationRules } from "./rules/index.ts";

new PolicyPack("workstation", {
  version: manifest.version,
  description: "What the workstation's containers, ports and images must look like",
  rules: workstationRules(),
});
