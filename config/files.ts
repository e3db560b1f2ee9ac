/** Settings of `files`: files of the machine that the team keeps as it wants them, whole or only some of their keys. */
import { z } from "zod";

const text = ["whole", "block"];

const file = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .describe("The file: absolute, below ~/, or relative to this folder. Its folder is made when it is not there."),
    mode: z
      .enum(["whole", "block", "ini", "json", "jsonc"])
      .default("whole")
      .describe(
        "What is ours: all of it, a block of lines between two marks, or single keys (`jsonc` is JSON with comments). The rest of the file stays as it is, byte for byte.",
      ),
    content: z.string().optional().describe("For `whole` and `block`: the text, exactly as it is to be."),
    values: z
      .record(z.string().min(1), z.unknown())
      .optional()
      .describe("For `ini` `section: { key: value }`; for `json` and `jsonc` keys nested as in the file."),
    comment: z.string().min(1).max(4).optional().describe("For `block`: what begins a comment line. Default: #."),
    permissions: z
      .string()
      .regex(/^0?[0-7]{3}$/, 'must be octal permissions in quotes, such as "0644"')
      .optional()
      .describe("Default: those that the file has; 0644 for a new one."),
    symlink: z
      .enum(["refuse", "follow"])
      .default("refuse")
      .describe("What to do when the path is a symbolic link: `follow` changes the file that it points at."),
  })
  .check(({ value: { mode, content, values, comment }, issues }) => {
    const wrong = (key: string, message: string) =>
      issues.push({ code: "custom", path: [key], message, input: { content, values, comment }[key] });
    const wanted = text.includes(mode) ? "content" : "values";
    if (wanted === "content" && content === undefined) wrong("content", `mode ${mode} wants the text here`);
    if (wanted === "values" && values === undefined) wrong("values", `mode ${mode} wants the keys here`);
    if (wanted === "content" && values !== undefined)
      wrong("values", `mode ${mode} has no keys; use content, or mode ini, json or jsonc`);
    if (wanted === "values" && content !== undefined)
      wrong("content", `mode ${mode} has no text of its own; use values, or mode whole or block`);
    if (mode !== "block" && comment !== undefined)
      wrong("comment", `belongs to mode block; this file has mode ${mode}`);
  });

export const files = z
  .array(file)
  .default([])
  .describe("Files of this machine to keep as written here. `destroy` gives back what stood there before.");

export type FileSettings = z.output<typeof files>[number];
