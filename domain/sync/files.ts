/** Whole files that follow the machine's time and proxy, as data for `ManagedFile`. */

export interface SyncFile {
  /** Logical name of the resource. */
  name: string;
  /** Where it is written: below the staging folder when staged. */
  path: string;
  content: string;
  permissions: string;
}

/**
 * What systemd has to be told. Shell lines that do the same when run twice: as root directly, otherwise through sudo
 * without a question, because nobody sits there to answer one.
 */
export interface SystemdSteps {
  /** After the files were written, and again when they change. */
  after: string;
  /** Before the files go. */
  before: string;
}

const AS_ROOT = `as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }`;

export const RELOAD = `${AS_ROOT}\nas_root systemctl daemon-reload\n`;

export const timerSteps = (timer: string): SystemdSteps => ({
  after: `set -e\n${AS_ROOT}\nas_root systemctl daemon-reload\nas_root systemctl enable --now ${timer}\n`,
  // A timer that somebody took away by hand is as gone as we want it.
  before: `${AS_ROOT}\nas_root systemctl disable --now ${timer} || ! systemctl is-active --quiet ${timer}\n`,
});
