/** `up`: set-up that is missing, repair of what differs, then the engine; nothing of it when nothing changed. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { LoadedSettings } from "../../config/load.ts";
import { withLock } from "../../provider/lock.ts";
import { type BundleChoice, keepInSettings, missingLayers, useBundle } from "../bundle/use.ts";
import { type Context, chosenStack, stackFile } from "../context.ts";
import { openDocker } from "../docker.ts";
import { countResources, typeOf } from "../engine/checkpoint.ts";
import { Engine, type EngineRun, explainFailure } from "../engine/engine.ts";
import { engineEnvironment } from "../engine/environment.ts";
import { readRunRecord, writeRunRecord } from "../engine/fingerprint.ts";
import { mend } from "../engine/mend.ts";
import { clearLocks } from "../engine/recover.ts";
import { isEmpty, onlyStarts, planRepair, type RepairPlan } from "../engine/repair.ts";
import { changeLines, countsLine, countsOf, hasChanges } from "../engine/summary.ts";
import { CliError } from "../errors.ts";
import { lookAtProjects, prefetchModules } from "../gosum/tend.ts";
import { interrupted } from "../interrupt.ts";
import { type Outcome, printOutcome } from "../outcome.ts";
import { policyInputs } from "../policy/config.ts";
import { refuseBusyPorts } from "../ports.ts";
import { lookAtReality } from "../reality.ts";
import { machineActs } from "../restart/acts.ts";
import { findPending } from "../restart/pending.ts";
import { consentOf, finishPending } from "../restart/restart.ts";
import { rightsForUp } from "../rights.ts";
import { lockName, observerOf, readState, type Session, type State } from "../session.ts";
import { checkPlan, digestInputs, digestMachine, gatherFacts, loadSettings } from "../settings.ts";
import { dockerStep } from "../setup/docker-engine.ts";
import { imageSourceStep } from "../setup/image-source.ts";
import { withPrivilegedHelper } from "../setup/privileged-helper.ts";
import { chooseStack, ensureStackFile, initStack } from "../setup/stack.ts";
import { stateStep } from "../setup/state.ts";
import { perform } from "../setup/step.ts";
import type { Toolchain } from "../setup/toolchain.ts";
import { prepareToolchain } from "../setup/toolchain-step.ts";
import { confirm } from "../terminal.ts";

export interface UpOptions extends BundleChoice {
  full?: boolean;
  /** Restarts what waits for it, without a question. */
  restart?: boolean;
}

export async function up(context: Context, options: UpOptions): Promise<number> {
  const started = performance.now();
  if (!context.globals.yes && process.stdin.isTTY !== true) {
    throw new CliError("`up` asks before it changes anything, and nobody can be asked here. Run it with --yes.");
  }
  // Wrong settings are said before anything is installed.
  const chosen = chosenStack(context);
  if (chosen !== undefined && existsSync(stackFile(context, chosen))) loadSettings(context, chosen);
  await policyInputs(context);
  if (options.bundle !== undefined) await useBundle(context, { ...options, bundle: options.bundle });
  const docker = openDocker(context.env);
  context.terminal.line(`Node ${process.versions.node}: ready`);
  const toolchain = await prepareToolchain(context);
  await perform(context, dockerStep(context, docker));
  const backend = await perform(context, stateStep(context));
  const stack = await chooseStack(context, docker, backend);
  const lock = {
    signal: interrupted,
    onWait: (holder: string) => context.terminal.line(`Waiting: ${holder} works on the stack "${stack}" ...`),
  };
  return await withLock(lockName({ stack, backend }), lock, async () => {
    const outcome = await apply({ context, stack, backend, docker }, toolchain, options);
    if (outcome === undefined) return 0;
    printOutcome(context, outcome, performance.now() - started);
    const { steps, daemon } = outcome.pending;
    const consent = consentOf(context, options.restart === true);
    await finishPending(context, steps, consent, machineActs(context, docker, daemon));
    return 0;
  });
}

async function apply(session: Session, toolchain: Toolchain, options: UpOptions): Promise<Outcome | undefined> {
  const { context, stack, backend, docker } = session;
  const engine = new Engine(
    context,
    toolchain.pulumi,
    engineEnvironment(context, { backend, binDir: toolchain.binDir }),
    stack,
  );
  await context.terminal.step(
    "Stack",
    async () => {
      const seeded = ensureStackFile(context, stack);
      loadSettings(context, stack);
      await clearLocks(context.terminal, backend, stack, context.stateDir);
      await initStack(context, engine, backend);
      return seeded;
    },
    (seeded) => `${stack} ready${seeded ? `; its settings are in ${basename(stackFile(context, stack))}` : ""}`,
  );
  if (options.bundle !== undefined) keepInSettings(context, stack);
  await perform(context, imageSourceStep(context, docker, stack));
  const settings = loadSettings(context, stack);
  const tended = await lookAtProjects(session, settings);
  const state = await readState(session, async () => engine);
  const [facts, reality] = await Promise.all([
    gatherFacts(context, settings),
    lookAtReality(observerOf(session), stack, state?.deployment ?? {}),
  ]);
  const plan = checkPlan(context, stack, settings, facts);
  if (options.bundle !== undefined) await missingLayers(context, plan);
  await refuseBusyPorts(context, stack, settings, reality.listing.containers);
  const inputs = await digestInputs(context, stack, settings, facts);
  let repair = planRepair(state?.deployment ?? {}, reality.drifted, reality.listing);
  if (context.globals.yes && onlyStarts(repair)) {
    await mend(context.terminal, docker, async () => engine, state?.deployment ?? {}, repair);
    const again = await lookAtReality(observerOf(session), stack, state?.deployment ?? {});
    repair = planRepair(state?.deployment ?? {}, again.drifted, again.listing);
  }
  if (options.full !== true && nothingToDo(session, state, inputs, repair)) {
    const deployment = state?.deployment ?? {};
    await prefetchModules(session, settings, tended);
    return {
      stack,
      deployment,
      counts: countsOf({ same: countResources(deployment) }),
      same: true,
      tried: false,
      pending: await findPending(context, docker, stack, plan.machine.pending, facts),
    };
  }
  const machine = digestMachine(context, plan);
  const rights = rightsForUp({
    plan,
    deployment: state?.deployment ?? {},
    drifted: reality.drifted,
    samePlan: readRunRecord(context.stateDir, stack)?.machine === machine,
  });
  const run = await runEngine(session, engine, state, repair, rights);
  if (run === undefined) return undefined;
  const after = await readState(session, async () => engine);
  remember(session, settings, { inputs, machine }, after);
  const advice = run.story.policy.map(({ text }) => `policy ${text}`);
  for (const warning of [...run.story.warnings, ...advice])
    context.terminal.line(context.terminal.paint("yellow", `! ${warning}`));
  await prefetchModules(session, settings, tended);
  const tried = [...run.story.changes.keys()].some((urn) => typeOf(urn) === "command:local:Command");
  // The run itself changed what runs against what is written.
  const now = await gatherFacts(context, settings);
  const { pending } = checkPlan(context, stack, settings, now).machine;
  return {
    stack,
    deployment: after?.deployment ?? {},
    counts: countsOf(run.story.counts),
    same: false,
    tried,
    pending: await findPending(context, docker, stack, pending, now),
  };
}

function nothingToDo(session: Session, state: State | undefined, inputs: string, repair: RepairPlan): boolean {
  const record = readRunRecord(session.context.stateDir, session.stack);
  return (
    state !== undefined &&
    record !== undefined &&
    record.inputs === inputs &&
    record.checkpoint === state.digest &&
    (state.deployment.pending_operations ?? []).length === 0 &&
    isEmpty(repair)
  );
}

/** Undefined when the person said no. */
async function runEngine(
  session: Session,
  engine: Engine,
  state: State | undefined,
  repair: RepairPlan,
  rights: readonly string[],
): Promise<EngineRun | undefined> {
  const { context, docker } = session;
  const { terminal } = context;
  if (!context.globals.yes && !(await agree(session, engine, repair))) return undefined;
  const replace = await mend(terminal, docker, async () => engine, state?.deployment ?? {}, repair);
  const args = ["--yes", "--skip-preview", ...policyArgs(context), ...replace.flatMap((urn) => ["--replace", urn])];
  return await withPrivilegedHelper(context, rights, (environment) =>
    terminal.step(
      "Workstation",
      async (news) => {
        const run = await engine.within(environment).follow("up", args, news);
        if (run.code !== 0) throw new CliError(explainFailure("up", run));
        return run;
      },
      (run) => countsLine(countsOf(run.story.counts)),
    ),
  );
}

export function policyArgs(context: Pick<Context, "root">): string[] {
  const folder = join(context.root, "policy");
  return existsSync(join(folder, "PulumiPolicy.yaml")) ? ["--policy-pack", folder] : [];
}

async function agree(session: Session, engine: Engine, repair: RepairPlan): Promise<boolean> {
  const { terminal } = session.context;
  const preview = await terminal.step(
    "Preview",
    async (news) => {
      const run = await engine.follow("preview", policyArgs(session.context), news);
      if (run.code !== 0) throw new CliError(explainFailure("preview", run));
      return run;
    },
    (run) => countsLine(countsOf(run.story.counts)),
  );
  const repairs = repair.start.length + repair.remove.length + repair.forget.size + repair.replace.length;
  if (!hasChanges(countsOf(preview.story.counts)) && repairs + repair.refresh.length === 0) return true;
  for (const line of changeLines(preview.story)) terminal.line(line);
  if (repairs > 0) terminal.line(`  and ${repairs} objects that differ from what was declared are put right`);
  if (await confirm("Go on?", false)) return true;
  terminal.line("Nothing was changed.");
  return false;
}

function remember(
  session: Session,
  settings: LoadedSettings,
  digests: { inputs: string; machine: string },
  after: State | undefined,
): void {
  if (after === undefined) return;
  writeRunRecord(session.context.stateDir, session.stack, {
    version: 1,
    root: session.context.root,
    ...digests,
    checkpoint: after.digest,
    resources: countResources(after.deployment),
    projects: settings.projects.map((project) => project.name),
    finished: new Date().toISOString(),
  });
}
