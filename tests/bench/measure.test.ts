import { type Command, line, measure, median, ratio, run, summarise } from "../../bench/lib/measure.ts";
import { options, positive, table } from "../../bench/lib/report.ts";

const command = (name: string, script: string, more: Partial<Command> = {}): Command => ({
  name,
  argv: [process.execPath, "-e", script],
  cwd: ".",
  env: process.env,
  ...more,
});

test.each([
  [[3], 3],
  [[3, 1], 2],
  [[9, 1, 2], 2],
  [[4, 1, 3, 2], 2.5],
])("the median of %p is %p", (values, expected) => {
  expect(median(values)).toBe(expected);
});

test("no values have no median", () => {
  expect(() => median([])).toThrow("median of no values");
});

test("a ratio pairs the rounds, so that a slow round on both sides does not show", () => {
  expect(ratio(summarise("ours", [1, 10, 3]), summarise("theirs", [2, 20, 4]))).toBe(0.5);
});

test("growth is the line through the sizes", () => {
  const points = [5, 40].map((objects) => ({ objects, seconds: 2 + objects * 0.05 }));
  expect(line(points)).toEqual({ floor: 2, perObject: 0.05 });
});

test.each<[string, Command, string]>([
  ["fails", command("a", "process.exit(3)"), "a: "],
  [
    "says something else",
    command("b", "console.log('1 changed')", { expect: /No changes/ }),
    "did not say /No changes/",
  ],
  ["is not there", { ...command("c", ""), argv: ["/no/such/program"] }, "c: spawnSync /no/such/program ENOENT"],
])("a run that %s is no measurement", (_, failing, message) => {
  expect(() => run(failing)).toThrow(message);
});

test("rounds alternate their order, and the first does not count", () => {
  const written = jest.spyOn(process.stderr, "write").mockReturnValue(true);
  const [a, b] = measure([command("a", ""), command("b", "")], 2);
  const order = written.mock.calls.map(([text]) =>
    /(warm-up|round \d)\S*\s+(\w)/.exec(String(text))?.slice(1).join(" "),
  );
  written.mockRestore();
  expect(order).toEqual(["warm-up a", "warm-up b", "round 1 b", "round 1 a", "round 2 a", "round 2 b"]);
  expect([a?.seconds.length, b?.seconds.length]).toEqual([2, 2]);
});

test("arguments", () => {
  expect(options(["--rounds", "3", "--json=x.json", "--cold"], ["rounds", "json", "cold"])).toEqual({
    rounds: "3",
    json: "x.json",
    cold: "true",
  });
  expect(() => options(["--round", "3"], ["rounds"])).toThrow("unknown argument --round; known are --rounds");
  expect(() => positive("0", "rounds")).toThrow("--rounds 0: must be a whole number from 1 on");
  expect(positive("7", "rounds")).toBe(7);
});

test("columns are straight", () => {
  expect(
    table([
      ["", "median s"],
      ["tofu plan", "2.44"],
    ]),
  ).toBe("           median s\ntofu plan      2.44");
});
