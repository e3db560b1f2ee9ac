/** Writes the rules into docs/policy.md, and the JSON Schema of policy.config.yaml: `node policy/print.ts`. */
import { readFileSync, writeFileSync } from "node:fs";
import { configJsonSchema } from "./config/schema.ts";
import { policyOf } from "./policy.ts";
import { workstationRules } from "./rules/index.ts";
import { withTables } from "./table.ts";

const page = new URL("../docs/policy.md", import.meta.url);
writeFileSync(page, withTables(readFileSync(page, "utf8"), policyOf().rules));
writeFileSync(new URL("config/schema.json", import.meta.url), configJsonSchema(workstationRules()));
