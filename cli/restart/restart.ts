/** Ends `up`: says what waits for a restart, and does what a person agreed to; WSL itself at the very end. */
import type { RestartStep } from "../../domain/restart/plan.ts";
import { restartLines } from "../../domain/restart/plan.ts";
import type { Context } from "../context.ts";
import { confirm } from "../terminal.ts";
import type { RestartActs } from "./acts.ts";

export interface Consent {
  /** `--restart`: all of it, without a question. */
  restart: boolean;
  /** Asks on a terminal; undefined where nobody can be asked or an answer was given in advance. */
  ask: ((question: string) => Promise<boolean>) | undefined;
}

/** An answer given in advance with `--yes` was for the stack, not for what stops other people's work. */
export function consentOf(context: Pick<Context, "globals">, restart: boolean): Consent {
  const nobody = context.globals.yes || process.stdin.isTTY !== true;
  return { restart, ask: nobody ? undefined : async (question) => await confirm(question, false) };
}

/** The largest step comes last in `steps`: nothing is left to do when this distribution ends. */
export async function finishPending(
  { terminal }: Pick<Context, "terminal">,
  steps: readonly RestartStep[],
  { restart, ask }: Consent,
  acts: RestartActs,
): Promise<void> {
  if (steps.length === 0) return;
  terminal.line(terminal.paint("yellow", "Written, and waiting for a restart:"));
  for (const line of restartLines(steps)) terminal.line(`  ${line}`);
  const ours = steps.filter(({ by }) => by === "us");
  if (restart) {
    for (const step of ours) await carryOut(terminal, step, acts);
    if (ours.length < steps.length) terminal.line("  The rest is yours to do: it cannot be done from here.");
    return;
  }
  // Asking from inside to end the distribution that we run in is for `--restart` alone.
  const askable = ask === undefined ? [] : ours.filter(({ wsl }) => wsl === undefined);
  const agreed = askable.length > 0 && ask !== undefined && (await ask("Restart the Docker daemon now?"));
  if (agreed) for (const step of askable) await carryOut(terminal, step, acts);
  if (ours.length > (agreed ? askable.length : 0))
    terminal.line(`  ${agreed ? "WSL was not" : "Nothing was"} restarted: \`./workstation up --restart\` does it.`);
}

async function carryOut(terminal: Context["terminal"], step: RestartStep, acts: RestartActs): Promise<void> {
  if (step.wsl === undefined) {
    await acts.restartDaemon();
    return;
  }
  terminal.line(`${step.command}: this distribution, and with it this command, ends now.`);
  await acts.wsl(step.wsl);
}
