/** `drift`: settings against the last run, the last run against reality. Changes nothing, the engine's state neither. */

import type { LoadedSettings } from "../../config/load.ts";
import { type DriftEntry, type DriftSummary, mergeDrift, summarize } from "../../domain/drift/summary.ts";
import type { Facts } from "../../domain/facts.ts";
import type { PendingChange } from "../../domain/restart/change.ts";
import { type Context, requireStack } from "../context.ts";
import { nameOf, typeOf } from "../engine/checkpoint.ts";
import { type Engine, explainFailure } from "../engine/engine.ts";
import { plainType, type RunStory } from "../engine/events.ts";
import { readRunRecord } from "../engine/fingerprint.ts";
import { CliError, exitCodes, messageOf } from "../errors.ts";
import { lookAtReality } from "../reality.ts";
import { writeLast } from "../schedule/last.ts";
import { findEngine, observerOf, openSession, requireState, type Session } from "../session.ts";
import { checkPlan, digestInputs, gatherFacts, loadSettings } from "../settings.ts";
import { table } from "../table.ts";
import { policyArgs } from "./up.ts";

export interface DriftOptions {
  installTimer?: boolean;
  every?: string;
  removeTimer?: boolean;
  last?: boolean;
}

export async function drift(context: Context, options: DriftOptions = {}): Promise<number> {
  if (options.installTimer || options.removeTimer || options.last || options.every !== undefined) {
    const { schedule } = await import("./drift-schedule.ts");
    return await schedule(context, options);
  }
  const stack = requireStack(context);
  const remember = (code: number, more: object): void => {
    if (hasStack(context, stack)) writeLast(context.stateDir, stack, { time: new Date().toISOString(), code, ...more });
  };
  try {
    const summary = await lookForDrift(context);
    const code = summary.drifted.length > 0 ? exitCodes.drift : exitCodes.success;
    remember(code, { summary });
    return code;
  } catch (error) {
    remember(exitCodes.error, { error: messageOf(error) });
    throw error;
  }
}

/** A stack that was never made, or is destroyed, has no results to keep. */
const hasStack = (context: Context, stack: string): boolean => readRunRecord(context.stateDir, stack) !== undefined;

async function lookForDrift(context: Context): Promise<DriftSummary> {
  const session = openSession(context);
  const { summary, previewed } = await findDrift(session);
  printDrift(context, session.stack, summary, previewed);
  return summary;
}

/** Looks, and prints nothing but progress. */
export async function findDrift(session: Session): Promise<{ summary: DriftSummary; previewed: boolean }> {
  const { context } = session;
  const settings = loadSettings(context, session.stack);
  const [facts, observed] = await Promise.all([gatherFacts(context, settings), observe(session)]);
  const { machine } = checkPlan(context, session.stack, settings, facts);
  const wanted = await compareSettings(session, settings, facts, observed.digest);
  const waiting = waitingForRestart(machine.pending, observed.urns);
  const drifted = mergeDrift(mergeDrift(observed.reality.drifted, wanted.drifted), waiting);
  const added = drifted.filter((entry) => entry.kind === "pending" && !observed.urns.has(entry.urn)).length;
  return { summary: summarize(observed.reality.checked + added, drifted), previewed: wanted.previewed };
}

async function observe(session: Session) {
  const state = await requireState(session, async () => await findEngine(session));
  const urns = new Set((state.deployment.resources ?? []).map((resource) => resource.urn));
  const reality = await lookAtReality(observerOf(session), session.stack, state.deployment);
  const interrupted = (state.deployment.pending_operations ?? []).map(
    ({ resource: { urn, type } }): DriftEntry => ({ urn, type, name: nameOf(urn), kind: "pending", fields: [] }),
  );
  const known = new Set(reality.drifted.map((entry) => entry.urn));
  reality.drifted.push(...interrupted.filter((entry) => !known.has(entry.urn)));
  return { digest: state.digest, urns, reality };
}

/** On disk and not running: named by the resource that wrote it. What no resource of the state wrote is `up`'s to do first. */
export function waitingForRestart(changes: readonly PendingChange[], urns: ReadonlySet<string>): DriftEntry[] {
  const entries = new Map<string, DriftEntry>();
  for (const { resource, field } of changes) {
    const urn = [...urns].find((one) => nameOf(one) === resource);
    if (urn === undefined) continue;
    const entry = entries.get(urn) ?? { urn, type: typeOf(urn), name: resource, kind: "pending", fields: [] };
    entries.set(urn, { ...entry, fields: [...entry.fields, field] });
  }
  return [...entries.values()];
}

interface Wanted {
  drifted: DriftEntry[];
  /** The program had to be run to know. */
  previewed: boolean;
}

/** What the last successful `up` was told is noted as a digest: the program runs only when something of it changed. */
async function compareSettings(
  session: Session,
  settings: LoadedSettings,
  facts: Facts,
  digest: string,
): Promise<Wanted> {
  const { context, stack } = session;
  const record = readRunRecord(context.stateDir, stack);
  const inputs = await digestInputs(context, stack, settings, facts);
  if (record !== undefined && record.inputs === inputs && record.checkpoint === digest) {
    return { drifted: [], previewed: false };
  }
  const engine = await findEngine(session);
  const story = await preview(context, engine);
  return { drifted: [...story.changes.values()].flatMap(entryOf), previewed: true };
}

async function preview(context: Context, engine: Engine): Promise<RunStory> {
  return await context.terminal.step(
    "Settings, program or machine changed since the last run",
    async (news) => {
      const run = await engine.follow("preview", policyArgs(context), news);
      if (run.code !== 0) throw new CliError(explainFailure("preview", run));
      return run.story;
    },
    () => "previewed",
  );
}

function entryOf(change: { urn: string; op: string; fields: string[] }): DriftEntry[] {
  const { urn, op, fields } = change;
  const type = typeOf(urn);
  // Components and providers are not on the machine; what is in them is named by itself.
  if (type.startsWith("pulumi:") || type.startsWith("workstation:components:")) return [];
  const entry = { urn, type, name: nameOf(urn) };
  if (op === "create" || op === "delete") return [{ ...entry, kind: "pending", fields: [] }];
  if (op === "update" || op === "replace") return [{ ...entry, kind: "changed", fields }];
  return [];
}

export function printDrift(context: Context, stack: string, summary: DriftSummary, previewed: boolean): void {
  if (context.globals.json) {
    context.print(JSON.stringify(summary));
    return;
  }
  const { checked, drifted } = summary;
  if (drifted.length === 0) {
    const how = previewed ? "" : "; settings and program are those of the last run";
    context.print(`No drift in "${stack}": ${checked} resources are as they were set up${how}.`);
    return;
  }
  const rows = drifted.map(({ name, type, kind, fields }) => [plainType(type), name, kind, fields.join(", ")]);
  context.print(table(["WHAT", "NAME", "KIND", "FIELDS"], rows));
  const restarts = drifted.some(({ kind }) => kind === "pending");
  const how = restarts ? "; what is pending may need a restart, which it names" : "";
  context.print(`\n${drifted.length} of ${checked} resources drifted. \`./workstation up\` puts them right${how}.`);
}
