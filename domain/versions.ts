/** Versions of Go (`1.22.6`, `1.23`, `1.21rc2`) and of modules (`v0.16.2`), compared by their numbers. */

export function parts(version: string): number[] {
  return (version.match(/\d+/g) ?? []).slice(0, 3).map(Number);
}

/** Negative when `a` is older. Missing parts count as 0, as in `go 1.22`. */
export function compareVersions(a: string, b: string): number {
  const left = parts(a);
  const right = parts(b);
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `1.22` of `1.22.6`. */
export const minor = (version: string): string => parts(version).slice(0, 2).join(".");
