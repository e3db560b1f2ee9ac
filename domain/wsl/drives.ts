/** Windows drives as they are mounted here. */
import type { MountFacts } from "../facts.ts";

/** Mounts of whole drives, such as /mnt/c; not the single folders that Docker Desktop mounts. */
export const drives = (mounts: readonly MountFacts[]): MountFacts[] =>
  mounts.filter(({ target }) => /^\/(.*\/)?[a-z]$/.test(target));

/** `/mnt/` of `/mnt/c`. */
export const rootOf = ({ target }: MountFacts): string => target.slice(0, target.lastIndexOf("/") + 1);

/** virtiofs keeps its options on the Windows side. */
export const showsOptions = ({ type }: MountFacts): boolean => type !== "virtiofs";

/** The last one counts: WSL puts the default user's before those of wsl.conf. */
export function optionValue({ options }: MountFacts, name: string): string | undefined {
  const found = options.findLast((option) => option.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

/** The drive that a path is on, if it is on one. */
export const driveOf = (path: string, mounts: readonly MountFacts[]): MountFacts | undefined =>
  drives(mounts).find(({ target }) => path === target || path.startsWith(`${target}/`));
