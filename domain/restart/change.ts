/** A setting that is written but does not run yet, and what has to be restarted for it. */

/** What a restart stops, from nothing to everything. */
export const BLAST_RADII = [
  "none",
  "new-shell",
  "container-recreate",
  "dockerd-restart",
  "wsl-terminate",
  "wsl-shutdown",
  "reboot",
] as const;
export type BlastRadius = (typeof BLAST_RADII)[number];

export interface PendingChange {
  /** Logical name of the resource that wrote it, such as `wsl-conf`. */
  resource: string;
  /** Such as `boot.systemd`. */
  field: string;
  wanted: string;
  /** As found running; empty when nothing of it runs. */
  running: string;
  needs: BlastRadius;
}
