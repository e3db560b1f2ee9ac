/** Settings of the clock and its zone, below `hostSync`. */
import { z } from "zod";
import { nearest } from "./nearest.ts";
import { isZone, zoneNames } from "./zones.ts";

const zone = z.string().refine((name) => name === "auto" || name === "off" || isZone(name), {
  error: ({ input }) => {
    const near = typeof input === "string" ? nearest(input, ["auto", "off", ...zoneNames()]) : undefined;
    const hint = near === undefined ? "" : `. Did you mean "${near}"?`;
    return `must be auto, off or a name of the IANA time zone database such as Asia/Shanghai${hint}`;
  },
});

export const time = {
  timezone: zone
    .default("auto")
    .describe(
      "`auto` takes Windows' time zone over and changes nothing where there is no Windows; `off` leaves the time zone alone; or a name of the IANA database, such as `Asia/Shanghai`.",
    ),
  clock: z
    .boolean()
    .default(true)
    .describe(
      "Sets the clock right when it is more than 2 seconds off after Windows slept, forward or back. Needs systemd. `false` leaves the clock alone.",
    ),
};
