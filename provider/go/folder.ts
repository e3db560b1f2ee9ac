/** Where Go and its tools may be put: never where the system's packages are. */
import path from "node:path";

const SYSTEM = ["/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr", "/var"];

export function folderProblem(folder: unknown): string | undefined {
  const shown = JSON.stringify(folder) ?? "missing";
  if (typeof folder !== "string" || !path.isAbsolute(folder) || path.resolve(folder) !== folder)
    return `is ${shown}; must be an absolute path`;
  if (folder === "/" || SYSTEM.some((system) => folder === system || folder.startsWith(`${system}/`)))
    return `is ${shown}, which belongs to the system; take a folder of your own`;
  return undefined;
}
