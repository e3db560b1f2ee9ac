/** A person's settings, and everything that they and the machine decide. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { basename } from "node:path";
import { type LoadedSettings, parseSettings, readStackFile, SettingsError } from "../config/load.ts";
import type { Facts, FactsArgs } from "../domain/facts.ts";
import { writtenPart } from "../domain/machine/privileged.ts";
import { factsQuestion, type Plan, planStack } from "../domain/plan.ts";
import { PlanError } from "../domain/problems.ts";
import { type Context, stackFile } from "./context.ts";
import { digestOf, digestSources, relevantEnvironment, sourcesOf } from "./engine/fingerprint.ts";
import { CliError } from "./errors.ts";
import { policyInputs } from "./policy/config.ts";
import { driftCheck } from "./schedule/record.ts";

/** What is wrong with a person's settings is told as it is, without a stack trace. */
export function told<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SettingsError) throw new CliError(error.message);
    throw error;
  }
}

/** Validated, or one error with a line for each thing that is wrong. */
export function loadSettings(context: Context, stack: string): LoadedSettings {
  return told(() => {
    const { raw, source } = readStackFile(stackFile(context, stack));
    return parseSettings(raw, source);
  });
}

/** The engine reads the file too, whatever is in it, and does not name it when it cannot. A file that is gone is fine. */
export function refuseBrokenStackFile(context: Context, stack: string): void {
  const file = stackFile(context, stack);
  if (existsSync(file)) told(() => readStackFile(file));
}

/** The same question, answered by the same code, that the program asks its provider; `more` only where nothing is compared. */
export async function gatherFacts(
  context: Context,
  settings: LoadedSettings,
  more: Pick<FactsArgs, "clock"> = {},
): Promise<Facts> {
  const [{ functions }, { machineHost }] = await Promise.all([
    import("../provider/handlers.ts"),
    import("../provider/host.ts"),
  ]);
  const question = factsQuestion(settings, { root: context.root, home: homedir() });
  const facts = functions["workstation:index:facts"];
  if (facts === undefined) throw new CliError("The provider has no function workstation:index:facts.");
  return (await facts(machineHost({ env: context.env }), { ...question, ...more })) as Facts;
}

/** Equal digest: the engine would be told the same, by the same program, on the same machine. */
export async function digestInputs(
  context: Context,
  stack: string,
  settings: LoadedSettings,
  facts: Facts,
): Promise<string> {
  // What runs decides about restarts, not about what the engine does; and a run of ours changes it.
  const { running: _running, proxyIsOurs: _proxyIsOurs, ...lasting } = facts;
  return digestOf({
    stack,
    root: context.root,
    node: process.version,
    settings,
    facts: lasting,
    sources: digestSources(context.root, sourcesOf(settings)),
    environment: relevantEnvironment(context.env),
    policy: await policyInputs(context),
    ...driftCheck(context.stateDir, stack),
  });
}

/** Says what the program would say, before the engine is started and without its stack traces. */
export function checkPlan(context: Context, stack: string, settings: LoadedSettings, facts: Facts): Plan {
  try {
    return planStack(stack, settings, facts, { root: context.root, home: homedir() });
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    const file = basename(stackFile(context, stack));
    throw new CliError(error.problems.map((problem) => `${file}: ${problem}`).join("\n"));
  }
}

/** Equal digest: the engine would write the same on the machine itself, by the same program. */
export function digestMachine(context: Context, plan: Plan): string {
  return digestOf({ written: writtenPart(plan.machine), sources: digestSources(context.root) });
}
