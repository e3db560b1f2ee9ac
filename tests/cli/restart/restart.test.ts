/** The end of `up`: what is said, what is asked, and what is done, with stand-ins for all that could stop something. */
import { consentOf, finishPending } from "../../../cli/restart/restart.ts";
import { BLAST_RADII, type BlastRadius } from "../../../domain/restart/change.ts";
import { planRestarts, type RestartQuestion } from "../../../domain/restart/plan.ts";

const steps = (needs: BlastRadius[], more: Partial<RestartQuestion> = {}) =>
  planRestarts({
    changes: needs.map((one) => ({ resource: "it", field: one, wanted: "1", running: "0", needs: one })),
    daemon: "systemd",
    containers: ["a"],
    own: ["a"],
    distribution: "Debian",
    distributions: [],
    interop: true,
    liveRestore: false,
    ...more,
  });

async function finish(needs: BlastRadius[], how: { restart?: boolean; answer?: boolean }, more = {}) {
  const said: string[] = [];
  const done: string[] = [];
  const asked: string[] = [];
  const terminal = { line: (text: string) => void said.push(text), paint: (_: string, text: string) => text };
  const ask = async (question: string): Promise<boolean> => {
    asked.push(question);
    return how.answer === true;
  };
  await finishPending(
    { terminal } as unknown as Parameters<typeof finishPending>[0],
    steps(needs, more),
    { restart: how.restart === true, ask: how.answer === undefined ? undefined : ask },
    {
      restartDaemon: async () => void done.push("daemon"),
      wsl: async (words) => void done.push(`wsl.exe ${words.join(" ")}, after: ${said.at(-1)}`),
    },
  );
  return { said, done, asked };
}

const ADVICE = "  Nothing was restarted: `./workstation up --restart` does it.";

test("nothing waits: nothing is said", async () => {
  expect(await finish([], { restart: true })).toEqual({ said: [], done: [], asked: [] });
});

test.each(BLAST_RADII.filter((needs) => needs !== "none"))(
  "%s: nobody is asked, nothing is restarted without --restart",
  async (needs) => {
    const { said, done, asked } = await finish([needs], {});
    expect([...done, ...asked]).toEqual([]);
    expect(said[0]).toBe("Written, and waiting for a restart:");
    expect(said.includes(ADVICE)).toBe(["dockerd-restart", "wsl-terminate", "wsl-shutdown"].includes(needs));
  },
);

test("--restart does it without a question", async () => {
  expect(await finish(["dockerd-restart"], { restart: true, answer: false })).toMatchObject({
    done: ["daemon"],
    asked: [],
  });
});

test("ending the distribution comes after everything is said, and last", async () => {
  const { done } = await finish(["new-shell", "wsl-terminate", "dockerd-restart"], { restart: true });
  expect(done).toEqual([
    "wsl.exe --terminate Debian, after: wsl.exe --terminate Debian: this distribution, and with it this command, ends now.",
  ]);
  const elsewhere = await finish(["wsl-shutdown", "dockerd-restart"], { restart: true }, { daemon: "remote" });
  expect(elsewhere.done).toHaveLength(1);
  expect(elsewhere.said).toContain("  The rest is yours to do: it cannot be done from here.");
});

test("a yes on a terminal restarts the daemon", async () => {
  const { done, asked, said } = await finish(["dockerd-restart"], { answer: true });
  expect(asked).toEqual(["Restart the Docker daemon now?"]);
  expect(done).toEqual(["daemon"]);
  expect(said.join("\n")).not.toMatch(/was not restarted|Nothing was/);
});

test("a no restarts nothing and says how to", async () => {
  const { done, said } = await finish(["dockerd-restart"], { answer: false });
  expect(done).toEqual([]);
  expect(said.at(-1)).toBe(ADVICE);
});

test("the distribution that we run in is never ended by a yes", async () => {
  const { done, asked, said } = await finish(["wsl-shutdown"], { answer: true });
  expect([...done, ...asked]).toEqual([]);
  expect(said.at(-1)).toBe(ADVICE);
});

test.each([
  ["--yes", { yes: true }],
  ["no terminal", { yes: false }],
])("%s is no consent", (_name, globals) => {
  const { isTTY } = process.stdin;
  process.stdin.isTTY = globals.yes;
  try {
    const context = { globals: { json: false, color: false, ...globals } };
    expect(consentOf(context, false)).toEqual({ restart: false, ask: undefined });
  } finally {
    process.stdin.isTTY = isTTY;
  }
});
