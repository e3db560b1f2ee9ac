/** Settings of `goToolchain`: Go outside containers, for people who edit in the distribution itself. */
import { z } from "zod";

export const goToolchain = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe("Installs Go SDKs and tools for this user on the machine itself, beside those in the containers."),
  })
  .prefault({})
  .describe("Go outside containers. Versions and tools are those of `go`.");

export type GoToolchainSettings = z.output<typeof goToolchain>;
