/**
 * Since when the trust store holds the roots that it holds: a note beside the state of ours. The time of the folder alone
 * would say "changed" after each repair of a file, and ask for a restart of the daemon that changes nothing.
 */
import path from "node:path";
import type { Host } from "../host.ts";
import { sha256 } from "../originals.ts";
import { fingerprintOf, readPem } from "./pem.ts";
import type { TrustStore } from "./store.ts";

interface Note {
  /** Of the roots in the store. */
  digest: string;
  /** ISO 8601. */
  since: string;
}

const noteFile = (host: Host): string => path.join(host.folders.state, "trust-store.json");

/** The order and the text between certificates do not count. */
async function digestOfStore(host: Host, store: TrustStore): Promise<string> {
  const text = (await host.files.text(store.bundle)) ?? "";
  return sha256([...new Set(readPem(text).map(fingerprintOf))].sort().join("\n"));
}

/** A note that cannot be read is as good as none: the folder's time then decides, which only errs towards "changed". */
async function readNote(host: Host): Promise<Note | undefined> {
  const text = await host.files.text(noteFile(host));
  if (text === undefined) return undefined;
  try {
    const note = JSON.parse(text) as Partial<Note> | null;
    return typeof note?.digest === "string" && typeof note.since === "string"
      ? { digest: note.digest, since: note.since }
      : undefined;
  } catch {
    return undefined;
  }
}

/** ISO 8601; empty when it cannot be told. Where somebody else has changed the store since, their folder's time counts. */
export async function trustChanged(host: Host, store: TrustStore): Promise<string> {
  const [note, digest, folder] = await Promise.all([
    readNote(host),
    digestOfStore(host, store),
    host.files.changed(store.anchors),
  ]);
  return note?.digest === digest ? note.since : (folder?.toISOString() ?? "");
}

/** Does `change` and notes when the store got its roots: now, or, when they are the same as before, as it was. */
export async function notingChange(host: Host, store: TrustStore, change: () => Promise<void>): Promise<void> {
  const [before, since] = await Promise.all([digestOfStore(host, store), trustChanged(host, store)]);
  await change();
  const digest = await digestOfStore(host, store);
  const note: Note = { digest, since: digest === before && since !== "" ? since : host.now().toISOString() };
  await host.files.makeFolder(host.folders.state, 0o700);
  await host.files.write(noteFile(host), `${JSON.stringify(note)}\n`, { mode: 0o600 });
}
