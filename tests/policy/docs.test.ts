import { readFileSync } from "node:fs";
import { join } from "node:path";
import { configJsonSchema } from "../../policy/config/schema.ts";
import { policyOf } from "../../policy/policy.ts";
import { workstationRules } from "../../policy/rules/index.ts";
import { withTables } from "../../policy/table.ts";

const page = readFileSync(join(__dirname, "../../docs/policy.md"), "utf8");

test("docs/policy.md has the rules as they are (if not: node policy/print.ts)", () => {
  expect(page).toBe(withTables(page, policyOf().rules));
});

test("the JSON Schema of the configuration is written (if not: node policy/print.ts)", () => {
  const written = readFileSync(join(__dirname, "../../policy/config/schema.json"), "utf8");
  expect(written).toBe(configJsonSchema(workstationRules()));
});

test("the text of each rule is whole", () => {
  for (const rule of policyOf().rules) {
    expect(rule.id).toMatch(/^[a-z]+(-[a-z]+)+$/);
    expect(rule.title).not.toMatch(/\.$/);
    for (const text of [rule.why, rule.fix]) expect(text).toMatch(/^[A-Z].*\.$/s);
    expect(rule.reference).not.toBe("");
    expect(Object.keys(rule.schema)).toEqual(Object.keys(rule.options));
  }
});

test("a page without the markers is refused", () => {
  expect(() => withTables("# Policy\n", policyOf().rules)).toThrow("docs/policy.md must have the lines");
});
