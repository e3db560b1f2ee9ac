import { waitingForRestart } from "../../cli/commands/drift.ts";
import { type DriftEntry, mergeDrift } from "../../domain/drift/summary.ts";
import type { PendingChange } from "../../domain/restart/change.ts";

const TYPE = "workstation:index:ManagedFile";
const urn = (name: string) => `urn:pulumi:me::go-workstation::workstation:components:WslDistro$${TYPE}::${name}`;
const change = (resource: string, field: string): PendingChange => ({
  resource,
  field,
  wanted: "1",
  running: "0",
  needs: "wsl-terminate",
});
const entry = (kind: DriftEntry["kind"], fields: string[]): DriftEntry => ({
  urn: urn("wsl-wslconf"),
  type: TYPE,
  name: "wsl-wslconf",
  kind,
  fields,
});
const waiting = waitingForRestart(
  [change("wsl-wslconf", "boot.systemd"), change("wsl-wslconf", "user.default"), change("wsl-wslconfig", "memory")],
  new Set([urn("other"), urn("wsl-wslconf")]),
);

test("one entry a resource, with all its fields; what the state does not have yet is left out", () => {
  expect(waiting).toEqual([entry("pending", ["boot.systemd", "user.default"])]);
});

test.each(["changed", "missing"] as const)("what is %s besides is told as that: it is put right first", (kind) => {
  expect(mergeDrift([entry(kind, ["content"])], waiting)).toEqual([entry(kind, ["content"])]);
});
