/** IANA's names for the time zones of Windows. */
import data from "cldr-core/supplemental/windowsZones.json" with { type: "json" };
import { RENAMED_ZONES } from "../../config/zones.ts";

/** CLDR's default for the whole world, one for each Windows zone. */
const byWindowsId: ReadonlyMap<string, string> = new Map(
  data.supplemental.windowsZones.mapTimezones
    .filter(({ mapZone }) => mapZone._territory === "001")
    .map(({ mapZone }) => [mapZone._other, RENAMED_ZONES[mapZone._type] ?? mapZone._type]),
);

export const windowsZoneIds = (): string[] => [...byWindowsId.keys()].sort();

export type ZoneAnswer = { zone: string } | { problem: string };

/** `China Standard Time` is `Asia/Shanghai`. Spaces around the id and its case do not matter. */
export function ianaZone(windowsId: string): ZoneAnswer {
  const id = windowsId.trim();
  const direct = byWindowsId.get(id) ?? byWindowsId.get(sameIgnoringCase(id) ?? "");
  if (direct !== undefined) return { zone: direct };
  // What Windows calls "automatic daylight saving is off": the same zone, but the clock never changes.
  const fixed = /^(.+)_dstoff$/i.exec(id)?.[1];
  const why =
    fixed === undefined
      ? `Windows tells the time zone ${JSON.stringify(id)}, which the CLDR table of Windows zones does not have (a display name in Windows' language, or a zone of its own)`
      : `Windows has the zone ${JSON.stringify(fixed)} with daylight saving switched off, which no IANA zone is the same as`;
  return {
    problem: `${why}. Set the zone by hand, such as hostSync.timezone: Asia/Shanghai; \`timedatectl list-timezones\` lists the names. Or set hostSync.timezone: off to leave it alone.`,
  };
}

const sameIgnoringCase = (id: string): string | undefined =>
  [...byWindowsId.keys()].find((known) => known.toLowerCase() === id.toLowerCase());
