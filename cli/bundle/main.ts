/**
 * What the entry script starts on a machine that has no packages yet: `node cli/bundle/main.ts FOLDER-OF-CACHE up --bundle
 * FILE ...`. Everything that it loads is of Node itself or of this folder's neighbours. Prints the key of what it placed.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { folders } from "../../provider/folders.ts";
import { listenForInterrupts } from "../interrupt.ts";
import { openTerminal } from "../terminal.ts";
import { takeBundle } from "./take.ts";

listenForInterrupts();
const { values } = parseArgs({
  strict: false,
  options: { bundle: { type: "string" }, signer: { type: "string" }, "allow-unsigned": { type: "boolean" } },
});
try {
  const manifest = await takeBundle({
    file: String(values.bundle),
    root: join(import.meta.dirname, "..", ".."),
    cacheDir: folders(process.env, homedir()).cache,
    env: process.env,
    terminal: openTerminal(process.stderr.isTTY === true && !process.env.NO_COLOR),
    ...(typeof values.signer === "string" ? { signer: values.signer } : {}),
    allowUnsigned: values["allow-unsigned"] === true,
  });
  process.stdout.write(`${manifest.key}\n`);
} catch (error) {
  process.stderr.write(`workstation: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
