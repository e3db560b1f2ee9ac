import { line, tallyOf } from "../../cli/commands/test.ts";
import { cargoTally } from "../../cli/testing/cargo.ts";
import { goTally } from "../../cli/testing/go.ts";

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

test("all of a Rust program's tests are summed; the long ones are not skipped tests; what breaks off is a failure", () => {
  const text = [
    "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
    "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9.1s",
  ].join("\n");
  expect(cargoTally(text, 101)).toEqual({ passed: 15, failed: 2, skipped: 0 });
  expect(cargoTally("error: could not compile", 101)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});
