/** Windows paths as this system sees them. */

/** `C:\Users\Ada` is `/mnt/c/Users/Ada`; undefined for paths that are on no drive, such as `\\server\share`. */
export function mountedPath(windowsPath: string, automountRoot: string): string | undefined {
  const match = /^([A-Za-z]):[\\/]*(.*)$/s.exec(windowsPath.trim());
  if (match === null) return undefined;
  const [, drive = "", rest = ""] = match;
  const parts = [automountRoot, drive.toLowerCase(), ...rest.split(/[\\/]+/)].join("/").split("/");
  return `/${parts.filter((part) => part !== "").join("/")}`;
}

/**
 * Where Windows drives are mounted, with a slash at the end. A mounted drive shows it; otherwise `[automount] root` of
 * wsl.conf names it; otherwise it is `/mnt/`.
 */
export function automountRoot(mounts: string, wslConf: string): string {
  for (const line of mounts.split("\n")) {
    const [source = "", target = "", type = ""] = line.split(" ").map(unescaped);
    const drive = /^([A-Za-z]):\\?$/.exec(source)?.[1]?.toLowerCase();
    if (drive === undefined || !/^(9p|drvfs|virtiofs)$/.test(type) || !target.endsWith(`/${drive}`)) continue;
    return target.slice(0, -drive.length);
  }
  const root = /^\s*\[automount\][^[]*?^\s*root\s*=\s*"?(\/[^"\r\n#]*?)"?\s*$/ims.exec(wslConf)?.[1]?.trim();
  return root === undefined ? "/mnt/" : root.endsWith("/") ? root : `${root}/`;
}

/** The kernel writes space, tab, newline and backslash of a mount as octal numbers. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
