/** Whole files that follow the machine's time and proxy, as data for `ManagedFile`. */

export interface SyncFile {
  /** Logical name of the resource. */
  name: string;
  /** Where it is written: below the staging folder when staged. */
  path: string;
  content: string;
  permissions: string;
}
