/** WSL itself: its version, this distribution's name, the policies in force. */
import type { WslFacts } from "../../domain/facts.ts";
import type { Host } from "../host.ts";

export async function wslFacts(_host: Host): Promise<WslFacts> {
  return { version: "", distribution: "", interop: false, policy: {} };
}
