/** Where the archive is: with what must not get lost, for all stacks of a person. */
import { join } from "node:path";

export const archiveFolder = (stateDir: string): string => join(stateDir, "gosum");
