import { isZone, zoneNames } from "../../../config/zones.ts";
import { ianaZone, windowsZoneIds } from "../../../domain/time/zones.ts";

test.each([
  ["China Standard Time", "Asia/Shanghai"],
  ["W. Europe Standard Time", "Europe/Berlin"],
  ["Pacific Standard Time", "America/Los_Angeles"],
  ["UTC", "Etc/UTC"],
  ["UTC-11", "Etc/GMT+11"],
  [" china standard time ", "Asia/Shanghai"],
  // Renamed by IANA since CLDR fixed its names.
  ["India Standard Time", "Asia/Kolkata"],
  ["FLE Standard Time", "Europe/Kyiv"],
  ["Nepal Standard Time", "Asia/Kathmandu"],
  ["Argentina Standard Time", "America/Argentina/Buenos_Aires"],
  ["US Eastern Standard Time", "America/Indiana/Indianapolis"],
  ["Myanmar Standard Time", "Asia/Yangon"],
  ["Greenland Standard Time", "America/Nuuk"],
])("%j is %s", (id, zone) => expect(ianaZone(id)).toEqual({ zone }));

test("the whole table names zones that there are", () => {
  const ids = windowsZoneIds();
  expect(ids.length).toBeGreaterThan(130);
  for (const id of ids) expect(ianaZone(id)).toMatchObject({ zone: expect.stringMatching(/^[A-Z]/) });
  expect(ids.filter((id) => !isZone((ianaZone(id) as { zone: string }).zone))).toEqual([]);
});

test.each([
  ["(UTC+08:00) 北京，重庆，香港特别行政区，乌鲁木齐", /"\(UTC\+08:00\) 北京.*hostSync\.timezone: Asia\/Shanghai.*off/],
  ["Mitteleuropäische Zeit", /CLDR table.*timedatectl list-timezones/],
  ["Pacific Standard Time_dstoff", /"Pacific Standard Time" with daylight saving switched off/],
  ["", /""/],
])("%j has no IANA zone; the message says what to set", (id, message) => {
  expect(ianaZone(id)).toEqual({ problem: expect.stringMatching(message) });
});

test.each(["Asia/Shanghai", "Asia/Kolkata", "Asia/Calcutta", "UTC", "Etc/UTC", "US/Eastern", "Etc/GMT-8", "PRC"])(
  "%s is a zone",
  (name) => expect(isZone(name)).toBe(true),
);
test.each([
  "asia/shanghai",
  "+08:00",
  "",
  "Asia/Shanghia",
  "../etc/passwd",
  "Asia/",
  "/Asia",
  "UTC\n",
  "China Standard Time",
])("%j is none", (name) => expect(isZone(name)).toBe(false));
test("names to offer are zones", () => {
  expect(zoneNames().filter((name) => !isZone(name))).toEqual([]);
  expect(zoneNames()).toContain("Asia/Kolkata");
});
