/** Settings of `goToolchain`: Go outside containers, for people who edit in the distribution itself. */
import { z } from "zod";

/** Folders that belong to the system and its packages. */
const SYSTEM = /^\/(bin|boot|dev|etc|lib\w*|proc|root\/?$|run|sbin|sys|usr|var)(\/|$)|^\/(opt)?\/?$/;

export const goToolchain = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe(
        "Installs Go SDKs and tools for this user on the machine itself, beside those in the containers. Versions and tools are those of `go`.",
      ),
    folder: z
      .string()
      .regex(/^(~\/|\/)[^\0\n:]+$/, "must be absolute or begin with ~/, without a colon, which PATH could not hold")
      .refine(
        (folder) => !SYSTEM.test(folder),
        "belongs to the system; take a folder of your own, such as ~/.local/share/go-workstation/go",
      )
      .default("~/.local/share/go-workstation/go")
      .describe("Where: one folder for each SDK and one for its tools."),
    profile: z
      .boolean()
      .default(false)
      .describe("Adds a block to ~/.profile that puts the first of go.versions on PATH in every login shell."),
  })
  .prefault({})
  .describe("Go outside containers.");

export type GoToolchainSettings = z.output<typeof goToolchain>;
