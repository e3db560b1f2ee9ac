/** Sizes and durations as Docker and its provider write them. */

const FACTOR = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** `4GiB` in bytes. The form was checked when the settings were read. */
export function toBytes(size: string): number {
  const match = /^(\d+)(KiB|MiB|GiB)$/.exec(size);
  if (match === null) throw new Error(`"${size}" is not a size: a whole number followed by KiB, MiB or GiB`);
  return Number(match[1]) * FACTOR[match[2] as keyof typeof FACTOR];
}

/** The Docker provider counts memory in whole MiB. */
export const toMiB = (size: string): number => toBytes(size) / FACTOR.MiB;

/**
 * A number of cores exactly as the provider reads it back (`2.0`, `1.5`, but `10.`): another spelling would replace the
 * container on each run. Mirrors nanoInt64ToDecimalString of terraform-provider-docker.
 */
export function toCpus(cores: number): string {
  const fixed = cores.toFixed(9);
  const zeros = fixed.split("0").length - 1;
  return zeros === 9 ? cores.toFixed(1) : fixed.replace(/0+$/, "");
}

const WSL_FACTOR = { M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 } as const;

/** `8GB` as WSL reads it, in bytes: its GB is 1024³ bytes, so GB and GiB mean the same there. */
export function wslBytes(size: string): number {
  const match = /^(\d+)(?:([MGT])i?B)?$/.exec(size);
  if (match === null) return Number.NaN;
  return Number(match[1]) * (match[2] === undefined ? 1 : WSL_FACTOR[match[2] as keyof typeof WSL_FACTOR]);
}
