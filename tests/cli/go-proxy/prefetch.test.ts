/** Fetching ahead, with a stand-in for the container. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DockerApi } from "../../../cli/docker.ts";
import { failureLines, type PrefetchQuestion, prefetch } from "../../../cli/go-proxy/prefetch.ts";
import { type Warm, warmInContainer } from "../../../cli/go-proxy/warm.ts";
import { Terminal } from "../../../cli/terminal.ts";

let state: string;
let screen: string[];
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "gows-prefetch-"));
  screen = [];
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

const terminal = (live = false) =>
  new Terminal({ color: false, live, write: (text) => screen.push(text), columns: () => 200, now: () => 0 });

/** Tells these lines and ends with this code. */
function standinWarm(lines: readonly unknown[], code = 0, said = ""): Warm & { inputs: string[] } {
  const inputs: string[] = [];
  const warm: Warm = async (goSum, onLine) => {
    inputs.push(goSum);
    for (const line of lines) onLine(typeof line === "string" ? line : JSON.stringify(line));
    return { code, said };
  };
  return Object.assign(warm, { inputs });
}

const ask = (warm: Warm, more: Partial<PrefetchQuestion> = {}): PrefetchQuestion => ({
  ...{ stateDir: state, stack: "me", modules: "digest-1", goSum: async () => "lines\n", warm },
  goProxy: { mode: "local", prefetch: true, offline: false },
  ...more,
});

const GOOD = [
  { done: 1, total: 60, failed: 0 },
  { done: 37, total: 60, failed: 0 },
  { done: 60, total: 60, failed: 0 },
];

test("all that succeeded is not asked for again, until the modules are others", async () => {
  const warm = standinWarm(GOOD);
  expect(await prefetch(terminal(), ask(warm))).toEqual({ done: 60, total: 60, failures: [] });
  expect(await prefetch(terminal(), ask(warm))).toBeUndefined();
  expect(warm.inputs).toEqual(["lines\n"]);
  await prefetch(terminal(), ask(warm, { modules: "digest-2" }));
  await prefetch(terminal(), ask(warm, { stack: "other" }));
  expect(warm.inputs).toHaveLength(3);
});

test("progress is told as it comes", async () => {
  await prefetch(terminal(true), ask(standinWarm(GOOD)));
  expect(screen.join("")).toContain("37 of 60 go.sum lines");
  expect(screen.join("")).toContain("60 of 60 in the module proxy");
});

test("failures are warnings with the module and the reason; the next run tries again", async () => {
  const failed = Array.from({ length: 7 }, (_, index) => ({
    ...{ module: `x.y/m${index}`, version: "v1.0.0", error: "404 Not Found: no such host\nmore" },
  }));
  const warm = standinWarm([{ done: 60, total: 60, failed: 7 }, ...failed], 1);
  const result = await prefetch(terminal(), ask(warm));
  expect(result?.failures).toHaveLength(7);
  const text = screen.join("");
  expect(text).toContain("! x.y/m4@v1.0.0 is not in the module proxy: 404 Not Found: no such host\n");
  expect(text).not.toContain("x.y/m5");
  expect(text).toContain("! and 2 more");
  await prefetch(terminal(), ask(warm));
  expect(warm.inputs).toHaveLength(2);
});

test.each<[string, Warm, string]>([
  [
    "the gate does not answer",
    standinWarm(["text for people"], 1, "dial tcp: connection refused"),
    "connection refused",
  ],
  ["it says nothing on stderr", standinWarm(["panic: x"], 2), "panic: x"],
  ["it ends too early", standinWarm(GOOD.slice(0, 2)), "37 of 60"],
  ["it says nothing at all", standinWarm([], 137), "code 137"],
  ["it cannot be started", async () => Promise.reject(new Error("docker is not installed")), "docker is not installed"],
])("%s: one warning, no failure of `up`, not recorded", async (_, warm, said) => {
  expect((await prefetch(terminal(), ask(warm)))?.failures).toHaveLength(1);
  expect(screen.join("")).toContain(said);
  expect(await prefetch(terminal(), ask(standinWarm(GOOD)))).toMatchObject({ done: 60 });
});

test("lines of any other kind do not disturb", async () => {
  const odd = ["", "null", "[]", "3", '"x"', '{"done":"a"}', '{"module":7}', "{", "\u0000"];
  expect(await prefetch(terminal(), ask(standinWarm([...odd, ...GOOD])))).toEqual({
    done: 60,
    total: 60,
    failures: [],
  });
});

test.each([
  ["off", { goProxy: { mode: "off", prefetch: true, offline: false } }],
  ["not wanted", { goProxy: { mode: "local", prefetch: false, offline: false } }],
  ["offline", { goProxy: { mode: "shared", prefetch: true, offline: true } }],
  ["without modules", { modules: "" }],
] as const)("nothing is fetched when it is %s", async (_, more) => {
  const warm = standinWarm(GOOD);
  expect(await prefetch(terminal(), ask(warm, more))).toBeUndefined();
  expect([warm.inputs, screen]).toEqual([[], []]);
});

test("a few failures are told whole", () => {
  expect(failureLines([{ what: "a@v1", why: "x" }])).toEqual([
    "a@v1 is not in the module proxy: x",
    expect.stringContaining("tries again"),
  ]);
});

test.each([
  ["is not there", undefined],
  ["does not run", { State: { Running: false } }],
])("a container that %s is the reason", async (said, answer) => {
  const standinDocker = { get: async () => answer } as unknown as DockerApi;
  const result = await warmInContainer("me", standinDocker, process.env)("", () => {});
  expect(result).toEqual({ code: 1, said: `the container gows-me-goproxy ${said}` });
});
