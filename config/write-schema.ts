/** `node config/write-schema.ts` writes what follows from the schema: the editors' JSON Schema and docs/settings.md. */
import { writeFileSync } from "node:fs";
import { renderStackFileSchema } from "./json-schema.ts";
import { renderSettingsPage } from "./settings-page.ts";

const root = new URL("../", import.meta.url);
writeFileSync(new URL("config/stack.schema.json", root), renderStackFileSchema());
writeFileSync(new URL("docs/settings.md", root), renderSettingsPage());
