/** What `policy.config.yaml` may have: made of the rules, so that a rule brings its options with it. */
import { z } from "zod";
import type { OptionSchema, Rule } from "../rule.ts";

const level = z.enum(["mandatory", "advisory", "disabled"]);

function optionType({ type, items, minItems, minimum, description }: OptionSchema): z.ZodType {
  const bound = <T extends z.ZodNumber>(number: T): T => (minimum === undefined ? number : number.min(minimum));
  switch (type) {
    case "array": {
      const list = z.array(items?.type === "string" ? z.string().min(1) : z.unknown());
      return (minItems === undefined ? list : list.min(minItems)).describe(description);
    }
    case "boolean":
      return z.boolean().describe(description);
    case "integer":
      return bound(z.int()).describe(description);
    case "number":
      return bound(z.number()).describe(description);
    case "string":
      return z.string().min(1).describe(description);
  }
}

function ruleEntry({ title, schema, level: usual }: Rule): z.ZodType {
  const options = Object.entries(schema).map(([name, option]) => [name, optionType(option).optional()]);
  const group = z.strictObject({
    level: level.optional().describe(`Default ${usual}.`),
    ...(options.length === 0 ? {} : { options: z.strictObject(Object.fromEntries(options)).optional() }),
  });
  return z.union([level, group]).describe(`${title}. Default ${usual}.`);
}

function exemption(ids: readonly string[]) {
  return z.strictObject({
    rule: z.enum(ids as [string, ...string[]]).describe("The rule that does not hold here."),
    resource: z
      .string()
      .min(1)
      .describe("Name of the resource, or its URN (urn:pulumi:...). * is any text, ? any character."),
    owner: z.string().trim().min(1).describe("Who answers for it."),
    reason: z.string().trim().min(1).describe("Why it has to be so."),
    until: z.iso
      .date()
      .describe(
        "Last day on which it counts (UTC), such as 2026-12-31. After it every run fails until somebody looks.",
      ),
  });
}

export function configSchema(rules: readonly Rule[]) {
  return z
    .strictObject({
      undecided: z
        .enum(["mandatory", "advisory"])
        .optional()
        .describe(
          "What a rule is that could not decide, because a value is unknown or encrypted. advisory: it is told and does not fail. Default mandatory.",
        ),
      rules: z
        .strictObject(Object.fromEntries(rules.map((rule) => [rule.id, ruleEntry(rule).optional()])))
        .optional()
        .describe("A rule's level, or its level and options."),
      exemptions: z
        .array(exemption(rules.map(({ id }) => id)))
        .optional()
        .describe("Findings that somebody answers for, until a day."),
    })
    .describe("Levels, options and exemptions of go-workstation's policy pack.");
}

/** For completion and errors in an editor: `policy/config/schema.json`. */
export function configJsonSchema(rules: readonly Rule[]): string {
  const schema = z.toJSONSchema(configSchema(rules), { io: "input", target: "draft-2020-12" });
  const all = { ...schema, $id: "https://go-workstation.dev/policy.config.schema.json", title: "policy.config.yaml" };
  // Lists of plain values stand on one line, as the formatter would have it.
  const text = JSON.stringify(all, null, 2).replace(
    /\[\s+("[^"\n]*"(?:,\s+"[^"\n]*")*)\s+\]/g,
    (list, items: string) => {
      const line = `[${items.replace(/,\s+/g, ", ")}]`;
      return line.length < 90 ? line : list;
    },
  );
  return `${text}\n`;
}
