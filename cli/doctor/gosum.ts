/** The projects' go.sum files against the archive of all that were seen. */
import { CHANGE_ADVICE, changeText } from "../../domain/gosum/archive.ts";
import { changesIn, readAll } from "../gosum/look.ts";
import { goSumFiles } from "../gosum/sources.ts";
import { openArchive } from "../gosum/store.ts";
import { type CheckDefinition, check } from "./check.ts";

const MOST_TOLD = 3;

export const goSumCheck: CheckDefinition = check(
  "gosum",
  "every module version with the hash under which it was first seen",
  "./workstation up",
  ({ settings, root, stateDir }) => {
    if (settings === undefined || typeof settings === "string") return ["skip", "no settings"];
    const read = readAll(goSumFiles(settings, root));
    const opened = openArchive(stateDir);
    const changes = changesIn(opened, read);
    if (changes.length > 0) {
      const told = changes.slice(0, MOST_TOLD).map(changeText);
      const more = changes.length > MOST_TOLD ? [`and ${changes.length - MOST_TOLD} more`] : [];
      return ["fail", [...told, ...more].join("; "), `./workstation gosum check. ${CHANGE_ADVICE}`];
    }
    const faults = [...opened.notes, ...read.problems];
    if (faults.length > 0)
      return ["warn", faults.join("; "), "correct the go.sum that is named, then ./workstation up"];
    const kept = new Set(opened.sightings.map(({ file }) => file));
    const lacking = read.kept.filter(({ file }) => !kept.has(file)).map(({ file }) => file);
    if (lacking.length > 0) return ["warn", `not kept yet: ${lacking.join(", ")}`];
    if (read.kept.length === 0) return ["pass", "no project has a go.sum"];
    return ["pass", `${read.kept.length} files of the projects, ${opened.archive.entries.size} hashes kept`];
  },
);
