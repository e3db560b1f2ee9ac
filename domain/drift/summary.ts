/** What `drift` answers, as JSON and as the table's source. Scripts read it: fields are added, never renamed. */
export interface DriftSummary {
  /** Resources that were compared. */
  checked: number;
  drifted: DriftEntry[];
}

export interface DriftEntry {
  urn: string;
  type: string;
  /** Logical name, such as `hello-container`. */
  name: string;
  /** `changed`: not as last set up. `missing`: gone. `pending`: a setting was edited and not applied yet. */
  kind: "changed" | "missing" | "pending";
  /** Property names, sorted; empty for `missing`. */
  fields: string[];
}

/** Entries in a fixed order, so that two runs over the same machine print the same. */
export function summarize(checked: number, drifted: readonly DriftEntry[]): DriftSummary {
  const sorted = drifted.map((entry) => ({ ...entry, fields: [...new Set(entry.fields)].sort() }));
  return { checked, drifted: sorted.sort((a, b) => order(a.urn, b.urn) || order(a.kind, b.kind)) };
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
