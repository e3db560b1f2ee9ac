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

describe("a wrong setting changes nothing and is named with its file and key", () => {
  const cases: [string, (good: string) => string, RegExp[]][] = [
    ["unknown key", (good) => `${good}  go-workstation:contianer: {memory: 2GiB}\n`, [/contianer/, /container/]],
    ["unknown key inside", (good) => `${good}  go-workstation:container: {memroy: 2GiB}\n`, [/memroy/, /memory/]],
    ["wrong type", (good) => `${good}  go-workstation:container: {pids: many}\n`, [/container\.pids/, /many/]],
    ["impossible version", (good) => `${good}  go-workstation:go: {versions: ["1.999"]}\n`, [/go\.versions/, /1\.999/]],
    [
      "negative memory",
      (good) => `${good}  go-workstation:container: {memory: "-1GiB"}\n`,
      [/memory/, /-1GiB/, /4GiB|GiB/],
    ],
    [
      "tools that cannot work together",
      (good) => `${good}  go-workstation:go: {tools: {gopls: v0.23.0}}\n`,
      [/gopls/, /v0\.23\.0/, /v0\.16\.2/],
    ],
    [
      "a name with spaces",
      (good) => good.replace(/- path: examples\/hello/, '- path: examples/hello\n        name: "two words"'),
      [/name/, /two words/],
    ],
    ["YAML that does not parse", (good) => `${good}  oops: [1, 2\n`, [/Pulumi\.t[0-9a-f]+\.yaml/]],
    ["an empty file", () => "", [/Pulumi\.t[0-9a-f]+\.yaml/]],
  ];

  test.each(cases)(
    "%s",
    async (_name, spoil, expected) => {
      const written = await readFile(bench.stackFile, "utf8");
      const keys = new Set([...spoil("").matchAll(/^ {2}(go-workstation:\w+)/gm)].map((match) => match[1]));
      // A key that the file has already is taken out first: this is about the value, not about saying it twice.
      const good = written
        .split(/^(?= {2}\S)/m)
        .filter((part) => !keys.has(/^ {2}(go-workstation:\w+)/.exec(part)?.[1]))
        .join("");
      const id = await bench.docker("inspect", "--format", "{{.Id}}", container());
      try {
        const spoilt = spoil(good);
        expect(spoilt).not.toBe(written);
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
    },
    2 * minutes,
  );
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
    await bench.editSettings((text) =>
      text.replace(
        /- path: examples\/hello/,
        `- path: examples/hello\n        ports: [{container: 8080, host: ${port}}]`,
      ),
    );
    const refused = await bench.workstation("up", "--yes");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(String(port));
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
