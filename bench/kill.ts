/**
 * SIGKILL before every system call of a managed file's write that changes something: `node bench/kill.ts [MODE...]`.
 * Real ones: strace attaches to the process when it is about to begin and sends the signal as the N-th call of a kind is
 * entered. Needs strace and the right to trace. After each kill the file must be the old or the new one; the next run must
 * bring it to the new one, clear what was left, and delete must give back the original. Ends with 1 when one does not hold.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { machineHost } from "../provider/host.ts";
import { managedFile } from "../provider/resources/managed-file.ts";
import { type Sample, samples } from "../tests/provider/resources/files.ts";

const calls =
  "openat,write,pwrite64,writev,fchmod,chmod,fchmodat,fchown,chown,fsync,rename,renameat2,unlink,unlinkat,mkdir,rmdir,close".split(
    ",",
  );
const operations = ["create", "update", "delete"] as const;
type Operation = (typeof operations)[number];

const root = mkdtempSync(path.join(os.tmpdir(), "kill-"));
const host = machineHost({ root, env: { ...process.env, WORKSTATION_STATE_DIR: "/state" } });
const quiet = () => {};

/** The machine as it is before the operation; what the file holds before and after it. */
async function prepare({ original, first, next }: Sample, operation: Operation) {
  for (const name of readdirSync(root)) rmSync(path.join(root, name), { recursive: true });
  mkdirSync(path.join(root, "etc"));
  writeFileSync(path.join(root, first.path), original);
  if (operation === "create") return { news: first, olds: undefined, before: original };
  const { outputs } = await managedFile.create(host, first, quiet);
  const before = readFileSync(path.join(root, first.path), "utf8");
  return { news: operation === "update" ? next : first, olds: outputs, before };
}

async function killed(operation: Operation, news: object, olds: object | undefined, call: string, nth: number) {
  const child = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      "tests/provider/fixtures/managed-file-child.ts",
      root,
      operation,
      JSON.stringify(news),
      JSON.stringify(olds ?? {}),
    ],
    // One thread for file operations, so that their calls are counted in the order in which they are made.
    { env: { ...process.env, WAIT: "1", UV_THREADPOOL_SIZE: "1" }, stdio: ["pipe", "pipe", "inherit"] },
  );
  const ended = once(child, "exit");
  await once(child.stdout as NonNullable<ChildProcess["stdout"]>, "data");
  const strace = spawn(
    "strace",
    [
      "-f",
      "-o",
      "/dev/null",
      "-e",
      `trace=${call}`,
      "-e",
      `inject=${call}:signal=SIGKILL:when=${nth}`,
      "-p",
      String(child.pid),
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const detached = once(strace, "exit");
  await once(strace.stderr, "data");
  child.stdin?.write("go\n");
  const [, signal] = await ended;
  await detached;
  return signal === "SIGKILL";
}

async function check(
  sample: Sample,
  operation: Operation,
  before: string,
  news: Sample["first"],
  olds: never,
  where: string,
) {
  const file = path.join(root, news.path);
  const found = readFileSync(file, "utf8");
  const must = (what: string, holds: boolean) => {
    if (!holds) throw new Error(`${where}: ${what}; the file holds ${JSON.stringify(readFileSync(file, "utf8"))}`);
  };
  if (operation !== "delete") {
    const outputs =
      operation === "create"
        ? (await managedFile.create(host, news, quiet)).outputs
        : await managedFile.update(host, news.path, olds, news, quiet);
    const after = readFileSync(file, "utf8");
    must(`it was neither old nor new but ${JSON.stringify(found)}`, found === before || found === after);
    must("the new content is not there after the next run", after !== before);
    must("something was left in the folder", readdirSync(path.dirname(file)).length === 1);
    await managedFile.delete(host, news.path, outputs);
  } else {
    must(`it was neither old nor original but ${JSON.stringify(found)}`, found === before || found === sample.original);
    await managedFile.delete(host, news.path, olds);
  }
  must("the original did not come back", readFileSync(file, "utf8") === sample.original);
  must("something was left in the folder", readdirSync(path.dirname(file)).length === 1);
  must("a kept original was left", readdirSync(path.join(root, "state/originals")).length === 0);
}

const wanted = process.argv.slice(2);
try {
  for (const sample of samples.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    for (const operation of operations) {
      let kills = 0;
      for (const call of calls) {
        for (let nth = 1; ; nth += 1) {
          const { news, olds, before } = await prepare(sample, operation);
          if (!(await killed(operation, news, olds, call, nth))) break;
          kills += 1;
          await check(
            sample,
            operation,
            before,
            news,
            olds as never,
            `${sample.name} ${operation}, killed before ${call} ${nth}`,
          );
        }
      }
      console.log(
        `${sample.name} ${operation}: killed before ${kills} system calls; always old or new, and the way back`,
      );
    }
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
