/** Settings of `goToolchain`: Go outside containers, for people who edit in the distribution itself. */
import { z } from "zod";
import { userFolderProblem } from "./user-folder.ts";

const folder = z.string().check(({ value, issues }) => {
  const problem = userFolderProblem(value);
  if (problem !== undefined) issues.push({ code: "custom", message: problem, input: value });
});

export const goToolchain = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe(
        "Installs Go SDKs and tools for this user on the machine itself, beside those in the containers. Versions and tools are those of `go`.",
      ),
    folder: folder
      .default("~/.local/share/go-workstation/go")
      .describe(
        "Where: one folder for each SDK and one for its tools. Absolute or below ~/, never in a system folder.",
      ),
    profile: z
      .boolean()
      .default(false)
      .describe("Adds a block to ~/.profile that puts the first of go.versions on PATH in every login shell."),
  })
  .prefault({})
  .describe("Go outside containers.");

export type GoToolchainSettings = z.output<typeof goToolchain>;
