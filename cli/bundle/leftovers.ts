/** Folders of work in progress are gone afterwards, also when Ctrl-C ends the process at once. */
import { rmSync } from "node:fs";

export async function withFolders<T>(folders: readonly string[], work: () => Promise<T>): Promise<T> {
  const remove = (): void => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", remove);
  try {
    return await work();
  } finally {
    process.removeListener("exit", remove);
    remove();
  }
}
