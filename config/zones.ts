/** Names of time zones, as the IANA database has them. */

/**
 * CLDR keeps the names of its first day. IANA has renamed these since, and newer distributions ship the old names only
 * in a package of their own.
 */
export const RENAMED_ZONES: Readonly<Record<string, string>> = {
  "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
  "America/Godthab": "America/Nuuk",
  "America/Indianapolis": "America/Indiana/Indianapolis",
  "Asia/Calcutta": "Asia/Kolkata",
  "Asia/Katmandu": "Asia/Kathmandu",
  "Asia/Rangoon": "Asia/Yangon",
  "Europe/Kiev": "Europe/Kyiv",
};

/** True for a name of the IANA database as it is written there, old names (`US/Eastern`) and `UTC` included. */
export function isZone(name: string): boolean {
  // Intl takes offsets (+08:00) and any case, which no file below /usr/share/zoneinfo answers to.
  if (!/^[A-Z][A-Za-z0-9_+-]*(\/[A-Z][A-Za-z0-9_+-]*)*$/.test(name)) return false;
  const spelled = zoneNames().find((known) => known.toLowerCase() === name.toLowerCase());
  if (spelled !== undefined) return spelled === name;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Names to offer for a mistyped one: Intl's own and those that IANA has in their place. */
export const zoneNames = (): string[] => [
  "UTC",
  ...Intl.supportedValuesOf("timeZone").map((name) => RENAMED_ZONES[name] ?? name),
];
