/** What `up` says about a team's servers, with a stand-in for the container. */
import { type AskHealth, teamWarnings } from "../../../cli/go-proxy/team.ts";

const good = (stdout: string) => ({ code: 0, stdout, stderr: "" });
const bad = (stderr: string) => ({ code: 1, stdout: "", stderr });

/** Answers these one after the other, the last one for ever; each pause is as long as it says. */
function standin(...answers: Awaited<ReturnType<AskHealth>>[]): {
  ask: AskHealth;
  asked: () => number;
  patience: Parameters<typeof teamWarnings>[1];
} {
  let asked = 0;
  let clock = 0;
  return {
    ask: async () => answers[Math.min(asked++, answers.length - 1)] ?? bad("no answer"),
    asked: () => asked,
    patience: {
      now: () => clock,
      pause: async (milliseconds) => {
        clock += milliseconds;
      },
    },
  };
}

test("a proxy that is well has no warnings", async () => {
  const { ask, patience } = standin(good("good\n"));
  expect(await teamWarnings(ask, patience)).toEqual([]);
});

test("each server's warning is one", async () => {
  const { ask, patience } = standin(good("warning: redis: a\nwarning: s3: b: c\ngood\n"));
  expect(await teamWarnings(ask, patience)).toEqual(["redis: a", "s3: b: c"]);
});

test("while changed settings are taken into use nothing old is told", async () => {
  const { ask, asked, patience } = standin(
    bad("config.json changed and is not in use yet"),
    bad("container is restarting"),
    good("good\n"),
  );
  expect(await teamWarnings(ask, patience)).toEqual([]);
  expect(asked()).toBe(3);
});

test("a proxy that does not get well is told after a while", async () => {
  const { ask, patience } = standin(bad("workstation-goproxy health: dial tcp: connection refused\n"));
  expect(await teamWarnings(ask, patience)).toEqual([
    "The module proxy is not well: workstation-goproxy health: dial tcp: connection refused",
  ]);
});
