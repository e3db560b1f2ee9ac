import { spawnSync } from "node:child_process";
import { join } from "node:path";

jest.setTimeout(180_000);

test("each condition and each report of each rule is needed: without it, or turned round, a fixture is judged otherwise", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(__dirname, "mutants.ts")], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  const { count, survivors } = JSON.parse(stdout) as { count: number; survivors: object[] };
  expect(survivors).toEqual([]);
  expect(count).toBeGreaterThan(250);
});
