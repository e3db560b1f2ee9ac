/** Writes the rules into docs/policy.md: `node policy/print.ts`. */
import { readFileSync, writeFileSync } from "node:fs";
import { workstationRules } from "./rules/index.ts";
import { withTables } from "./table.ts";

const page = new URL("../docs/policy.md", import.meta.url);
writeFileSync(page, withTables(readFileSync(page, "utf8"), workstationRules()));
