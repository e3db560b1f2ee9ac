/** Set-up is a list of steps, in a fixed order. One that is done already costs a look. */
import type { Context } from "../context.ts";

export interface SetupStep<T> {
  /** Such as `Docker Engine`: starts the line that a person reads. */
  name: string;
  /** Cheap: the result when nothing has to be done, else undefined. */
  check: () => Promise<T | undefined>;
  run: (news: (text: string) => void) => Promise<T>;
  /** What is there now, such as `20.10.24 (linux/x86_64)`. */
  describe: (result: T) => string;
}

export async function perform<T>(context: Context, step: SetupStep<T>): Promise<T> {
  return await context.terminal.step(
    step.name,
    async (news) => (await step.check()) ?? (await step.run(news)),
    step.describe,
  );
}
