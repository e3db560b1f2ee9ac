/** The plugin's process: `pulumi-resource-workstation [engine address]`. Prints its port and serves until the engine goes. */
import * as grpc from "@grpc/grpc-js";
import manifest from "../package.json" with { type: "json" };
import { functions, handlers } from "./handlers.ts";
import { machineHost } from "./host.ts";
import { serve, service } from "./wire.ts";
import { engineLog } from "./wire-log.ts";

const running = new AbortController();
const stop = () => running.abort(new Error("the run was cancelled"));
const log = engineLog(process.argv.slice(2).find((argument) => !argument.startsWith("-")));
const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
server.addService(
  service,
  serve({
    version: manifest.version,
    host: machineHost({ signal: running.signal }),
    log,
    handlers,
    functions,
    cancel: stop,
  }),
);

server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) {
    process.stderr.write(`the provider "workstation" cannot listen on 127.0.0.1: ${error.message}\n`);
    process.exit(1);
  }
  // The engine reads the port from the first line.
  process.stdout.write(`${port}\n`);
});

/** Work in progress gets a moment to clean up (its programs are told to stop); then we are gone. */
function leave(): void {
  stop();
  server.tryShutdown(() => process.exit(0));
  setTimeout(() => process.exit(0), 500);
}

// The engine's way to say that it is done with us: it waits, and lets no other plugin end in order before we have. A
// person's Ctrl-C does not come here, because the engine runs plugins in process groups of their own.
process.on("SIGINT", leave);
process.on("SIGTERM", leave);
// The engine writes no farewell when it is killed: its process number is the only sign. The shell noted it first; by
// now it can be another already.
const parent = Number(process.env.WORKSTATION_ENGINE_PID ?? process.ppid);
setInterval(() => {
  if (process.ppid !== parent) leave();
}, 1000).unref();
