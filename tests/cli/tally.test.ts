import { goTally, line, tallyOf } from "../../cli/commands/test.ts";

const summary = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 1,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};

test("a test file that does not load is a failure, and so is a code that says so", () => {
  expect(tallyOf(summary, 0)).toEqual({ passed: 5, failed: 0, skipped: 1 });
  expect(tallyOf({ ...summary, numRuntimeErrorTestSuites: 2 }, 1).failed).toBe(2);
  expect(tallyOf(summary, 1).failed).toBe(1);
});

test("Go's tests are counted one by one, packages are not", () => {
  const events = ["run", "pass", "fail", "skip"].map((Action) =>
    JSON.stringify({ Action, Test: "TestA", Package: "p" }),
  );
  const text = [...events, JSON.stringify({ Action: "fail", Package: "p" }), "FAIL p [build failed]"].join("\n");
  expect(goTally(text)).toEqual({ passed: 1, failed: 1, skipped: 1 });
});

test("the last line is the contract's", () => {
  expect(line({ passed: 3, failed: 0, skipped: 2 })).toBe("3 passed, 0 failed, 2 skipped");
});
