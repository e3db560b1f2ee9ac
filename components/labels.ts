/** Labels in the Docker provider's form, sorted: the order must not depend on how a record was put together. */
export function labelList(labels: Record<string, string>): { label: string; value: string }[] {
  return Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => ({ label, value }));
}
