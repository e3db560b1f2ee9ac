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

/**
 * What reality says and what edited settings ask for, one entry a resource: a container that was stopped and whose memory
 * is to change differs in both. What is missing is missing, whatever is wanted of it.
 */
export function mergeDrift(reality: readonly DriftEntry[], wanted: readonly DriftEntry[]): DriftEntry[] {
  const seen = new Set(reality.map(({ urn }) => urn));
  const both = reality.map((entry) => {
    const wish = wanted.find(({ urn, kind }) => urn === entry.urn && kind === "changed");
    return wish === undefined || entry.kind !== "changed"
      ? entry
      : { ...entry, fields: [...entry.fields, ...wish.fields] };
  });
  return [...both, ...wanted.filter(({ urn }) => !seen.has(urn))];
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
