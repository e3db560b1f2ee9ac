import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { policyInputs } from "../../../cli/policy/config.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gows-policy-config-"));
});
afterEach(() => {
  jest.useRealTimers();
  rmSync(root, { recursive: true, force: true });
});

const write = (until: string): void =>
  writeFileSync(
    join(root, "policy.config.yaml"),
    `exemptions: [{rule: container-user, resource: a, owner: ada, reason: b, until: ${until}}]\n`,
  );

/** An `up` with nothing to do compares these with those of the last run. */
const inputs = () => policyInputs({ root, env: {} });

test("a checkout without a configuration has no inputs from it", async () => {
  expect(await inputs()).toBeUndefined();
});

test("they change with the text, and when an exemption ends", async () => {
  jest.useFakeTimers({ now: new Date("2026-12-31T23:59:59Z"), doNotFake: ["nextTick"] });
  write("2026-12-31");
  const before = await inputs();
  expect(await inputs()).toEqual(before);
  jest.setSystemTime(new Date("2027-01-01T00:00:00Z"));
  expect(await inputs()).not.toEqual(before);
  write("2027-12-31");
  expect((await inputs())?.text).not.toBe(before?.text);
});

test("a mistake in it is one message, before anything else", async () => {
  write("tomorrow");
  await expect(inputs()).rejects.toThrow(/^policy\.config\.yaml:1: exemptions\[0\]\.until: "tomorrow" is not allowed/);
});
