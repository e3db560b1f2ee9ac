/** `drift --install-timer`, `--remove-timer`, `--last`: drift looked for on a schedule. */
import { type Context, requireStack } from "../context.ts";
import { CliError } from "../errors.ts";
import { parseInterval } from "../schedule/interval.ts";
import { ageText, readLast } from "../schedule/last.ts";
import { installTimer, removeTimer } from "../schedule/timer.ts";
import { type DriftOptions, printDrift } from "./drift.ts";

export async function schedule(context: Context, options: DriftOptions): Promise<number> {
  const stack = requireStack(context);
  const { installTimer: install, removeTimer: remove, last, every } = options;
  if ([install, remove, last].filter((one) => one === true).length > 1) {
    throw new CliError("--install-timer, --remove-timer and --last are for one at a time.");
  }
  if (last === true) return showLast(context, stack);
  if (remove === true) {
    const there = await removeTimer(context, stack);
    context.print(
      there ? `Drift of "${stack}" is no longer looked for on a schedule.` : `There was no timer for "${stack}".`,
    );
    return 0;
  }
  if (install !== true) throw new CliError("--every belongs to --install-timer.");
  const interval = parseInterval(every ?? "1h");
  const { kind } = await installTimer(context, stack, interval);
  context.print(
    `Drift of "${stack}" is looked for every ${interval.text} (${kind}). \`./workstation drift --last\` shows the last result.`,
  );
  return 0;
}

function showLast(context: Context, stack: string): number {
  const last = readLast(context.stateDir, stack);
  if (last === undefined)
    throw new CliError(`Drift of "${stack}" has not been looked for yet. \`./workstation drift\` does it.`);
  if (context.globals.json) context.print(JSON.stringify(last));
  else {
    context.print(`Looked ${ageText(Date.now() - Date.parse(last.time))} ago (${last.time}):`);
    if (last.summary === undefined) context.print(`It could not be told: ${last.error ?? "no reason was noted"}`);
    else printDrift(context, stack, last.summary, true);
  }
  return last.code;
}
