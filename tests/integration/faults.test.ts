/** Wrong settings, two at once, and death at any moment: nothing lost, nothing half done, one clear message. */
import { readFile, writeFile } from "node:fs/promises";
import { Workbench } from "./support/workbench.ts";

const minutes = 60_000;
let bench: Workbench;

beforeAll(async () => {
  bench = await Workbench.open();
  await bench.succeed("up", "--yes");
}, 45 * minutes);

afterAll(async () => {
  await bench?.close();
}, 2 * minutes);

const container = () => `gows-${bench.stack}-hello`;

/** `up` with these settings fails with one clear message and leaves container and file alone. */
async function refused(written: string, spoilt: string, expected: RegExp[]) {
  expect(spoilt).not.toBe(written);
  const id = await bench.docker("inspect", "--format", "{{.Id}}", container());
  try {
    await writeFile(bench.stackFile, spoilt);
    const up = await bench.workstation("up", "--yes");
    expect(up.code).toBe(1);
    for (const part of expected) expect(up.stderr).toMatch(part);
    expect(up.stderr).not.toMatch(/\n\s+at .*\.(ts|js):\d+/);
    expect(up.stderr.trim().split("\n").length).toBeLessThan(15);
    expect(await readFile(bench.stackFile, "utf8")).toBe(spoilt);
  } finally {
    await writeFile(bench.stackFile, written);
  }
  expect(await bench.docker("inspect", "--format", "{{.Id}}", container())).toBe(id);
  expect((await bench.drift()).code).toBe(0);
}

describe("a wrong setting changes nothing and is named with its file and key", () => {
  const project = ["go-workstation:projects", 0];
  const cases: [string, (string | number)[], unknown, RegExp[]][] = [
    ["unknown key", ["go-workstation:contianer"], { memory: "2GiB" }, [/contianer/, /container/]],
    ["unknown key inside", ["go-workstation:container", "memroy"], "2GiB", [/memroy/, /memory/]],
    ["wrong type", ["go-workstation:container", "pids"], "many", [/container\.pids/, /many/]],
    ["impossible version", ["go-workstation:go", "versions"], ["1.999"], [/go\.versions/, /1\.999/]],
    ["negative memory", ["go-workstation:container", "memory"], "-1GiB", [/container\.memory/, /-1GiB/, /4GiB/]],
    [
      "tools that cannot work together",
      ["go-workstation:go", "tools", "gopls"],
      "v0.23.0",
      [/gopls/, /v0\.23\.0/, /v0\.16\.2/],
    ],
    ["a name with spaces", [...project, "name"], "two words", [/name/, /two words/]],
    ["a folder that is not there", [...project, "path"], "no/such/folder", [/no\/such\/folder/]],
  ];

  test.each(cases)(
    "%s",
    async (_name, path, value, expected) => {
      const written = await readFile(bench.stackFile, "utf8");
      await bench.configure(path, value);
      const spoilt = await readFile(bench.stackFile, "utf8");
      await refused(written, spoilt, [/Pulumi\.t[0-9a-f]+\.yaml|projects/, ...expected]);
    },
    2 * minutes,
  );

  test.each([
    ["YAML that does not parse", (good: string) => `${good}oops: [1, 2\n`],
    ["an empty file", () => ""],
  ])("%s", async (_name, spoil) => {
    const written = await readFile(bench.stackFile, "utf8");
    await refused(written, spoil(written), [/Pulumi\.t[0-9a-f]+\.yaml/]);
  });
});

test(
  "a port in use is one clear error, and up goes on when it is free",
  async () => {
    const { createServer } = await import("node:net");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const written = await readFile(bench.stackFile, "utf8");
    await bench.configure(["go-workstation:projects", 0, "ports"], [{ container: 8080, host: port }]);
    const taken = await bench.workstation("up", "--yes");
    expect(taken.code).toBe(1);
    expect(taken.stderr).toContain(String(port));
    await new Promise((resolve) => server.close(resolve));
    await bench.succeed("up", "--yes");
    expect(await bench.docker("port", container())).toContain(`127.0.0.1:${port}`);
    await writeFile(bench.stackFile, written);
    await bench.succeed("up", "--yes");
    expect((await bench.drift()).code).toBe(0);
  },
  5 * minutes,
);

test(
  "two ups at once: both end well, one after the other",
  async () => {
    await bench.docker("rm", "--force", container());
    const both = await Promise.all([bench.workstation("up", "--yes"), bench.workstation("up", "--yes")]);
    expect(both.map((result) => result.code)).toEqual([0, 0]);
    expect(both.map((result) => result.stderr + result.stdout).join("\n")).toMatch(/wait/i);
    expect((await bench.drift()).code).toBe(0);
  },
  5 * minutes,
);

test.each([300, 700, 1200, 1800, 2500, 3500])(
  "kill -9 of up after %i ms: the next up goes on and leaves no orphan",
  async (delay) => {
    await bench.docker("rm", "--force", container());
    const killed = bench.start("up", "--yes");
    // The delay is what is under test, not a wait for something.
    await new Promise((resolve) => setTimeout(resolve, delay));
    killed.kill("SIGKILL");
    await killed.ended;
    await bench.succeed("up", "--yes");
    const drift = await bench.drift();
    expect(drift).toEqual({ code: 0, report: expect.objectContaining({ drifted: [] }) });
    expect((await bench.docker("ps", "-aq", "--filter", `name=gows-${bench.stack}`)).split("\n")).toHaveLength(1);
  },
  5 * minutes,
);

test(
  "interrupt in the middle: exit 130, the next up goes on",
  async () => {
    await bench.docker("rm", "--force", container());
    const up = bench.start("up", "--yes");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    up.kill("SIGINT");
    const result = await up.ended;
    expect([0, 130]).toContain(result.code);
    await bench.succeed("up", "--yes");
    expect((await bench.drift()).code).toBe(0);
  },
  5 * minutes,
);

test(
  "destroy leaves nothing",
  async () => {
    await bench.succeed("destroy", "--yes");
    expect(await bench.leftovers()).toEqual([]);
  },
  5 * minutes,
);
