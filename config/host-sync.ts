/** Settings of `hostSync`: roots, time and proxy of the machine, and what follows them. */
import { z } from "zod";
import { time } from "./host-time.ts";
import { proxy } from "./proxy.ts";
import { roots } from "./roots.ts";

export const hostSync = z
  .strictObject({
    mode: z
      .enum(["auto", "live", "staged", "off"])
      .default("auto")
      .describe(
        "`live` changes this machine's trust store, time zone and proxy files; `staged` writes the same files below .workstation/<stack>/machine; `auto` is live inside WSL and staged elsewhere.",
      ),
    roots,
    ...time,
    proxy,
  })
  .prefault({})
  .describe("What the distribution takes over from Windows, or from the team's settings.");

export type HostSyncSettings = z.output<typeof hostSync>;
