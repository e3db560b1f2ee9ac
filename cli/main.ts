/** The command line. Everything beyond parsing is loaded by the command that needs it: starting has to be quick. */
import { CliError, exitCodes } from "./errors.ts";
import { interrupted, listenForInterrupts } from "./interrupt.ts";
import { createProgram } from "./program.ts";

listenForInterrupts();
// A reader that has seen enough (`| head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCodes.success);
  throw error;
});

try {
  await createProgram((code) => {
    process.exitCode = code;
  }).parseAsync();
} catch (error) {
  const debug = process.env.WORKSTATION_DEBUG === "1";
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`workstation: ${debug && error instanceof Error ? error.stack : message}\n`);
  if (debug && error instanceof Error && error.cause !== undefined) process.stderr.write(`${String(error.cause)}\n`);
  process.exitCode = interrupted.aborted
    ? exitCodes.interrupted
    : error instanceof CliError
      ? error.exitCode
      : exitCodes.error;
}
// Open connections to the daemon and half-finished looks at the machine must not keep a finished command alive.
process.exit();
