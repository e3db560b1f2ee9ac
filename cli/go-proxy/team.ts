/** What is wrong with the servers that a team's module proxies share. Their outage keeps no workstation from coming up, so `up` has to say it. */
import { containerName } from "../../domain/names.ts";
import { run } from "../process.ts";

/** One answer of `workstation-goproxy health` in the proxy's container. */
export type AskHealth = () => Promise<{ code: number; stdout: string; stderr: string }>;

export const healthInContainer =
  (stack: string, env: NodeJS.ProcessEnv): AskHealth =>
  async () =>
    await run("docker", ["exec", containerName(stack, "goproxy"), "/usr/local/bin/workstation-goproxy", "health"], {
      env,
    });

const WARNING = /^warning: (.*)$/;

export interface TeamPatience {
  /** Milliseconds since some moment. */
  now: () => number;
  pause: (milliseconds: number) => Promise<void>;
}

const patience: TeamPatience = {
  now: () => performance.now(),
  pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

/** Milliseconds: a changed secret makes the proxy start again by itself. */
const LONGEST = 30_000;

/** Empty when both servers answer. Waits while the proxy takes changed settings into use, because until then it tells of the old ones. */
export async function teamWarnings(ask: AskHealth, { now, pause }: TeamPatience = patience): Promise<string[]> {
  const end = now() + LONGEST;
  for (;;) {
    const { code, stdout, stderr } = await ask();
    if (code === 0) return stdout.split("\n").flatMap((line) => WARNING.exec(line)?.[1] ?? []);
    if (now() > end) return [`The module proxy is not well: ${stderr.trim().split("\n").slice(-3).join("; ")}`];
    await pause(500);
  }
}
