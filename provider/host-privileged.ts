/** Files for a user who is not root: where this user's rights end, the privileged helper of the run goes on. */
import { isPrivilegedPath } from "../domain/machine/privileged.ts";
import { type Files, missingFolders } from "./host-files.ts";
import { type Privileged, PrivilegedError } from "./privileged.ts";

/** `helper` is undefined where none runs: plain `pulumi up`, `drift`, `doctor`. */
export function withPrivileged(files: Files, helper: Privileged | undefined): Files {
  /** The user's own way first: what works without root never goes through it. */
  async function either<T>(
    what: string,
    file: string,
    own: () => Promise<T>,
    through: (helper: Privileged) => Promise<T>,
  ): Promise<T> {
    try {
      return await own();
    } catch (error) {
      if (!isDenied(error)) throw error;
      if (helper === undefined) throw isPrivilegedPath(file) ? needsRoot(what, file, error) : error;
      try {
        return await through(helper);
      } catch (second) {
        if (second instanceof PrivilegedError) throw viaHelper(what, file, second);
        throw second;
      }
    }
  }
  const read = (file: string) =>
    either(
      "read",
      file,
      () => files.read(file),
      (root) => root.read(file),
    );
  const stat = (file: string) =>
    either(
      "look at",
      file,
      () => files.stat(file),
      (root) => root.stat(file),
    );
  return {
    ...files,
    stat,
    read,
    text: async (file) => (await read(file))?.toString("utf8"),
    write: (file, content, options) =>
      either(
        "write",
        file,
        () => files.write(file, content, options),
        (root) => root.write(file, content, options),
      ),
    writeLink: (file, target) =>
      either(
        "write the link",
        file,
        () => files.writeLink(file, target),
        (root) => root.link(file, target),
      ),
    remove: (file) =>
      either(
        "remove",
        file,
        () => files.remove(file),
        (root) => root.remove(file),
      ),
    setMode: (file, mode) =>
      either(
        "change the permissions of",
        file,
        () => files.setMode(file, mode),
        (root) => root.setMode(file, mode),
      ),
    removeEmptyFolder: (folder) =>
      either(
        "remove the folder",
        folder,
        () => files.removeEmptyFolder(folder),
        (root) => root.removeFolder(folder),
      ),
    async makeFolder(folder, mode) {
      const missing = await missingFolders({ stat }, folder);
      return await either(
        "make the folder",
        folder,
        () => files.makeFolder(folder, mode),
        async (root) => {
          for (const at of missing) await root.makeFolder(at);
          return missing;
        },
      );
    },
  };
}

function isDenied(error: unknown): boolean {
  return ["EACCES", "EPERM"].includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");
}

function needsRoot(what: string, file: string, cause: unknown): Error {
  const message = `cannot ${what} ${file}: that needs root's rights. Run \`./workstation up\`, which asks for sudo once (plain \`pulumi up\` does not), or run as root`;
  return Object.assign(new Error(message, { cause }), { code: "EACCES" });
}

function viaHelper(what: string, file: string, refusal: PrivilegedError): Error {
  const message = `cannot ${what} ${file}: this user may not, and neither does the privileged helper of this run: ${refusal.message}`;
  return Object.assign(new Error(message, { cause: refusal }), { code: refusal.code });
}
