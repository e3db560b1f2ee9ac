/** JSON Schema of a whole `Pulumi.<stack>.yaml`, for completion and errors in an editor. `stack.schema.json` is its output. */
import { z } from "zod";
import { decrypted } from "./credentials.ts";
import { PREFIX } from "./messages.ts";
import { settingsSchema } from "./schema.ts";

type JsonObject = { [key: string]: unknown };

export function stackFileSchema(): JsonObject {
  const { properties, $schema } = z.toJSONSchema(settingsSchema, {
    io: "input",
    target: "draft-2020-12",
    // In a file only ciphertext: an editor marks a secret in the clear while it is being typed.
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema === decrypted) Object.assign(jsonSchema, { type: undefined, minLength: undefined, not: {} });
    },
  }) as {
    properties: JsonObject;
    $schema: string;
  };
  const own = Object.entries(properties).map(([key, schema]) => [`${PREFIX}:${key}`, schema]);
  return {
    $schema,
    $id: "https://go-workstation.dev/stack.schema.json",
    title: "Pulumi.<stack>.yaml of go-workstation",
    type: "object",
    additionalProperties: false,
    properties: {
      config: {
        type: ["object", "null"],
        description: `Settings. Keys of this project begin with \`${PREFIX}:\`; those of providers, such as \`docker:host\`, may stand beside them.`,
        properties: Object.fromEntries(own),
        // Whatever begins with our prefix and is not listed above is a mistake; other namespaces are none of ours.
        patternProperties: { [`^(?!${PREFIX}:)[^:]+:.+$`]: {} },
        additionalProperties: false,
      },
      encryptionsalt: { type: "string", description: "Written by Pulumi." },
      encryptedkey: { type: "string", description: "Written by Pulumi." },
      secretsprovider: { type: "string", description: "What encrypts this stack's secrets." },
      environment: {
        description: "Pulumi ESC environments to take values from.",
        anyOf: [{ type: "array", items: { type: "string" } }, { type: "object" }],
      },
    },
  };
}

/** Lists of plain values stand on one line, as the formatter would have it. */
export const renderStackFileSchema = (): string =>
  `${JSON.stringify(stackFileSchema(), null, 2).replace(/\[\s+("[^"\n]*"(?:,\s+"[^"\n]*")*)\s+\]/g, (_, items: string) => `[${items.replace(/,\s+/g, ", ")}]`)}\n`;
