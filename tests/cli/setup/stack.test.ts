import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkStackName, chosenStack } from "../../../cli/context.ts";
import { freeName, stackNameFor } from "../../../cli/setup/stack.ts";

test.each([
  ["root", "root"],
  ["Jane.Doe", "jane-doe"],
  ["CORP\\jürgen", "corp-ju-rgen"],
  ["dev", "dev-user"],
  ["a", "a-user"],
  ["", "workstation"],
  ["__", "workstation"],
  ["x".repeat(60), "x".repeat(36)],
])("login %j becomes stack %j", (login, expected) => {
  expect(stackNameFor(login)).toBe(expected);
  expect(checkStackName(stackNameFor(login), "test")).toBe(expected);
});

test("a taken name gets a number", async () => {
  const taken = new Set(["root", "root-2"]);
  expect(await freeName("root", async (name) => taken.has(name))).toBe("root-3");
  expect(await freeName("jane", async (name) => taken.has(name))).toBe("jane");
});

test.each(["dev", "two words", "-x", "UPPER", "", "a/b", "x".repeat(41)])("%j is refused as a stack name", (name) => {
  expect(() => checkStackName(name, "--stack")).toThrow(/^--stack: /);
});

test("--stack wins over PULUMI_STACK, that over the checkout's own", () => {
  const local = mkdtempSync(join(tmpdir(), "gows-stack-"));
  try {
    const globals = { json: false, yes: false, color: false };
    expect(chosenStack({ globals, env: {}, local })).toBeUndefined();
    writeFileSync(join(local, "stack"), "mine\n");
    expect(chosenStack({ globals, env: {}, local })).toBe("mine");
    expect(chosenStack({ globals, env: { PULUMI_STACK: "other" }, local })).toBe("other");
    expect(chosenStack({ globals: { ...globals, stack: "third" }, env: { PULUMI_STACK: "other" }, local })).toBe(
      "third",
    );
    writeFileSync(join(local, "stack"), "not a name\n");
    expect(() => chosenStack({ globals, env: {}, local })).toThrow(join(local, "stack"));
  } finally {
    rmSync(local, { recursive: true });
  }
});
