/** jest calls this once, after the last integration test. */
import type {} from "./shared-daemon.ts";

export default async function stop(): Promise<void> {
  await globalThis.sharedDaemon?.stop();
}
