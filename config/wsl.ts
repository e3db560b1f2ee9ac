/** Settings of `wsl`: `.wslconfig` on the Windows side and `/etc/wsl.conf` in the distribution. */
import { z } from "zod";

export const wsl = z
  .strictObject({
    mode: z
      .enum(["auto", "live", "staged", "off"])
      .default("auto")
      .describe(
        "`live` writes the real files of this WSL machine; `staged` writes the same files below .workstation/<stack>/machine, to be reviewed or tested anywhere; `auto` is live inside WSL and staged elsewhere.",
      ),
  })
  .prefault({})
  .describe("WSL's own settings.");

export type WslSettings = z.output<typeof wsl>;
