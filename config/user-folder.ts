/** Folders for what is installed without a package manager: a person's own, never one that belongs to the system. */

/** /mnt and /media are other disks; /home, /root and /srv hold people's data; /tmp is nobody's. */
const SYSTEM = [
  ..."bin boot dev etc lib lib32 lib64 libx32 opt proc run sbin snap sys usr var".split(" ").map((name) => `/${name}`),
];

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** The folder of the system that an absolute path is in; undefined when it is in none. */
export function systemFolder(path: string): string | undefined {
  const plain = `/${path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/")}`;
  return plain === "/" ? "/" : SYSTEM.find((folder) => isBelow(plain, folder));
}

/** What is wrong with a folder as written in settings; undefined when nothing is. */
export function userFolderProblem(written: string): string | undefined {
  if (!/^(~)?\//.test(written)) return "must be absolute or begin with ~/";
  if (written.split("/").includes("..")) return "must be written without ..";
  if (/[\n\0:]/.test(written)) return "must have no colon, which PATH could not hold, and no line break";
  if (written === "~/" || written === "~") return "must be a folder below ~/, not the home folder itself";
  const system = written.startsWith("~") ? undefined : systemFolder(written);
  if (system === undefined) return undefined;
  return `must not be in ${system}, which belongs to the system; take a folder below ~/`;
}
