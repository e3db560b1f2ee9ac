/** What happens when the engine itself says that the stack is locked: the look before it can come too early. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../../../cli/context.ts";
import { Engine } from "../../../cli/engine/engine.ts";

const STANDIN = join(__dirname, "../../standins/engine/pulumi");
let folder: string;
let lock: string;
let said: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "locked-test-"));
  const locks = join(folder, ".pulumi", "locks", "organization", "go-workstation", "me");
  mkdirSync(locks, { recursive: true });
  lock = join(locks, "a.json");
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function engine(more: Record<string, string> = {}): Engine {
  const terminal = { line: (text: string) => void said.push(text) };
  const context = { root: folder, stateDir: folder, env: process.env, terminal } as unknown as Context;
  const env = { PULUMI_BACKEND_URL: `file://${folder}`, STANDIN_LOG: join(folder, "log"), STANDIN_LOCK: lock, ...more };
  return new Engine(context, STANDIN, env, "me");
}
const starts = (): string[] => readFileSync(join(folder, "log"), "utf8").trim().split("\n");
const lockOf = (pid: number, host = hostname()): void =>
  writeFileSync(lock, JSON.stringify({ pid, hostname: host, username: "me" }));

/** Above the largest number that Linux gives. */
const NOBODY = 2 ** 22 + 1;

test.each<[string, (it: Engine) => Promise<unknown>]>([
  ["up", async (it) => expect((await it.follow("up", [], () => {})).code).toBe(0)],
  ["stack", async (it) => expect(await it.command(["stack", "export"])).toBe("done\n")],
])("%s: the lock of an engine that is dead is removed and the engine started once more", async (name, work) => {
  lockOf(NOBODY);
  await work(engine());
  expect(starts()).toEqual([name, name]);
  expect(said).toEqual([`Removed the lock of an engine that was killed (process ${NOBODY}).`]);
});

test("once more, not for ever", async () => {
  const run = await engine({ STANDIN_STUBBORN: "yes" }).follow("up", [], () => {});
  expect(run.code).toBe(255);
  expect(run.said).toContain("currently locked by 1 lock(s)");
  expect(starts()).toEqual(["up", "up"]);
});

test("a lock of another machine stays, and is named", async () => {
  lockOf(NOBODY, "elsewhere");
  await expect(engine().follow("up", [], () => {})).rejects.toThrow(/locked by me@elsewhere.*a\.json/);
  expect(starts()).toEqual(["up"]);
  expect(readFileSync(lock, "utf8")).toContain("elsewhere");
});

test("without a lock there is one start", async () => {
  expect(await engine().command(["stack", "export"])).toBe("done\n");
  expect(starts()).toEqual(["stack"]);
});
