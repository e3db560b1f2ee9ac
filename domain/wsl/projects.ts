/** Projects on Windows drives: they work, but slowly, and no program there hears of changes. */
import type { Facts } from "../facts.ts";
import { driveOf, showsOptions } from "./drives.ts";

/** What an editor needs so that it sees changes there, because inotify reports none. */
export const POLLING_SETTING = '"remote.WSL.fileWatcher.polling": true';

export const onWindowsDrives = (facts: Pick<Facts, "projects" | "machine">): string[] =>
  facts.projects.flatMap(({ path }) => (driveOf(path, facts.machine.mounts) === undefined ? [] : [path]));

export const projectWarnings = (facts: Pick<Facts, "projects" | "machine">): string[] =>
  facts.projects.flatMap(({ path }) => {
    const drive = driveOf(path, facts.machine.mounts);
    if (drive === undefined) return [];
    const bare =
      showsOptions(drive) && !drive.options.includes("metadata")
        ? ` ${drive.target} is mounted without metadata, so chmod and owners have no effect there.`
        : "";
    return [
      `${path} is on a Windows drive: builds are much slower there, and changes raise no file events (inotify). Move it below your home folder; or let VS Code look for changes itself with the setting ${POLLING_SETTING}.${bare}`,
    ];
  });
