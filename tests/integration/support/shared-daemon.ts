/** jest calls this once, before any integration test: all of them use one daemon, as several stacks of a machine would. */
import { provideDaemon, type TestDaemon } from "./docker.ts";

declare global {
  var sharedDaemon: TestDaemon | undefined;
}

export default async function start(): Promise<void> {
  globalThis.sharedDaemon = await provideDaemon();
  // The test processes, which are started later, inherit this.
  if (globalThis.sharedDaemon.host !== undefined) process.env.DOCKER_HOST = globalThis.sharedDaemon.host;
}
