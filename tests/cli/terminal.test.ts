import { Terminal } from "../../cli/terminal.ts";

function standinTerminal(live: boolean) {
  let written = "";
  let clock = 0;
  const terminal = new Terminal({
    color: false,
    live,
    write: (text) => {
      written += text;
    },
    columns: () => 40,
    now: () => clock,
  });
  return { terminal, written: () => written, pass: (millis: number) => (clock += millis) };
}

test("without a terminal each piece of news is a line with its time", async () => {
  const { terminal, written, pass } = standinTerminal(false);
  await terminal.step("Docker Engine", async (news) => {
    pass(1500);
    news("installing");
    news("installing");
    pass(2000);
  });
  expect(written()).toBe("Docker Engine: installing (1.5 s)\nDocker Engine: ready (3.5 s)\n");
});

test("on a terminal one line is drawn again, cut to its width, and other lines go above it", async () => {
  const { terminal, written } = standinTerminal(true);
  await terminal.step("Step", async (news) => {
    news(`a long text ${"x".repeat(60)}`);
    terminal.line("note");
  });
  const drawn = written().split("\r\u001b[2K");
  expect(Math.max(...drawn.map((text) => text.replace(/\n$/, "").length))).toBeLessThanOrEqual(40);
  expect(drawn).toContainEqual("note\n");
  expect(drawn.at(-1)).toBe("Step: ready (0.0 s)\n");
});

test("a failure is said, with its time, and passed on", async () => {
  const { terminal, written } = standinTerminal(false);
  const failing = terminal.step("Stack", async () => {
    throw new Error("broken");
  });
  await expect(failing).rejects.toThrow("broken");
  expect(written()).toBe("Stack: failed (0.0 s)\n");
});
