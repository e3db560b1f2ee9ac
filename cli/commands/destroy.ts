/** `destroy`: everything that the stack made, also what the engine's state has lost sight of. Settings stay. */
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { imageRepository, LABEL_STACK } from "../../domain/names.ts";
import { withLock } from "../../provider/lock.ts";
import { type Context, stackFile } from "../context.ts";
import { labelled } from "../docker.ts";
import { type Deployment, PROJECT, withoutResources } from "../engine/checkpoint.ts";
import { type Engine, explainFailure } from "../engine/engine.ts";
import { removeRunRecord } from "../engine/fingerprint.ts";
import { clearLocks } from "../engine/recover.ts";
import { VOLUME } from "../engine/repair.ts";
import { CliError } from "../errors.ts";
import { interrupted } from "../interrupt.ts";
import { listStack } from "../observe.ts";
import { lookAtReality } from "../reality.ts";
import { rightsForDestroy } from "../rights.ts";
import { removeLast } from "../schedule/last.ts";
import { removeTimer } from "../schedule/timer.ts";
import { findEngine, lockName, observerOf, openSession, readState, type Session } from "../session.ts";
import { refuseBrokenStackFile } from "../settings.ts";
import { withPrivilegedHelper } from "../setup/privileged-helper.ts";
import { confirm, seconds } from "../terminal.ts";

export async function destroy(context: Context, options: { keepVolumes?: boolean }): Promise<number> {
  const session = openSession(context);
  refuseBrokenStackFile(context, session.stack);
  const started = performance.now();
  const lock = {
    signal: interrupted,
    onWait: (holder: string) => context.terminal.line(`Waiting: ${holder} works on the stack "${session.stack}" ...`),
  };
  return await withLock(lockName(session), lock, async () => {
    const keep = options.keepVolumes === true;
    const what = keep ? "all of it but the volumes" : "its containers, volumes (caches), network, images and files";
    if (!(await confirm(`Destroy the workstation "${session.stack}": ${what}?`, context.globals.yes))) {
      context.terminal.line("Nothing was changed.");
      return 0;
    }
    await removeTimer(context, session.stack);
    const removed = await destroyStack(session, keep);
    const swept = await sweep(session, keep);
    removeFiles(context, session.stack, keep);
    report(session, removed, swept, performance.now() - started);
    return 0;
  });
}

/** Through the engine, which knows what each resource changed. Returns how many resources it removed. */
async function destroyStack(session: Session, keepVolumes: boolean): Promise<number> {
  const { context, stack } = session;
  await clearLocks(context.terminal, session.backend, stack, context.stateDir);
  const state = await readState(session, async () => await findEngine(session));
  if (state === undefined) return 0;
  const engine = await findEngine(session);
  const forget = await whatIsGone(session, state.deployment);
  if (keepVolumes) {
    for (const resource of state.deployment.resources ?? []) if (resource.type === VOLUME) forget.add(resource.urn);
  }
  if (forget.size > 0 || (state.deployment.pending_operations ?? []).length > 0) {
    await engine.import(withoutResources(await engine.export(), forget));
  }
  const rights = rightsForDestroy(withoutResources(state.deployment, forget));
  const count = await withPrivilegedHelper(context, rights, (environment) =>
    runDestroy(context, engine.within(environment)),
  );
  await removeStack(session, engine);
  return count;
}

/** A provider that is told to remove what is not there may stop the whole run. */
async function whatIsGone(session: Session, deployment: Deployment): Promise<Set<string>> {
  const { drifted } = await lookAtReality(observerOf(session), session.stack, deployment);
  return new Set(drifted.filter((entry) => entry.kind === "missing").map((entry) => entry.urn));
}

async function runDestroy(context: Context, engine: Engine): Promise<number> {
  const run = await context.terminal.step(
    "Workstation",
    async (news) => {
      const result = await engine.follow("destroy", ["--yes", "--skip-preview"], news);
      if (result.code !== 0) throw new CliError(explainFailure("destroy", result));
      return result;
    },
    (result) => `${result.story.counts.delete ?? 0} resources removed`,
  );
  return run.story.counts.delete ?? 0;
}

async function removeStack(session: Session, engine: Engine): Promise<void> {
  await engine.command(["stack", "rm", "--yes", "--preserve-config"]);
  const { folder } = session.backend;
  if (folder === undefined) return;
  // The engine keeps copies and a history of a stack that is gone.
  for (const kind of ["stacks", "backups", "history", "locks/organization"]) {
    const parent = join(folder, ".pulumi", kind, PROJECT);
    if (!existsSync(parent)) continue;
    for (const name of readdirSync(parent)) {
      if (name === session.stack || name.startsWith(`${session.stack}.json`)) {
        rmSync(join(parent, name), { recursive: true, force: true });
      }
    }
  }
}

/** Whatever carries our label and is still there: from a run that was killed, or of a state that was lost. */
async function sweep(session: Session, keepVolumes: boolean): Promise<string[]> {
  const { docker, stack } = session;
  const swept: string[] = [];
  const { containers, networks, volumes } = await listStack(docker, stack);
  for (const container of containers) {
    await docker.delete(`/containers/${container.Id}?force=true`);
    swept.push(`container ${container.Names[0]?.slice(1) ?? container.Id}`);
  }
  for (const network of networks) {
    await docker.delete(`/networks/${network.Id}`);
    swept.push(`network ${network.Name}`);
  }
  for (const volume of keepVolumes ? [] : volumes) {
    await docker.delete(`/volumes/${encodeURIComponent(volume.Name)}?force=true`);
    swept.push(`volume ${volume.Name}`);
  }
  const byName = `filters=${encodeURIComponent(JSON.stringify({ reference: [imageRepository(stack)] }))}`;
  const byLabel = labelled(`${LABEL_STACK}=${stack}`);
  for (const filter of [byName, byLabel]) {
    const images = await docker.get<{ Id: string; RepoTags: string[] | null }[]>(`/images/json?${filter}`);
    for (const image of images ?? []) {
      for (const reference of image.RepoTags ?? [image.Id]) {
        await docker.delete(`/images/${reference}?force=true`);
        swept.push(`image ${reference}`);
      }
    }
  }
  return swept;
}

function removeFiles(context: Context, stack: string, keepVolumes: boolean): void {
  rmSync(join(context.local, stack), { recursive: true, force: true });
  removeRunRecord(context.stateDir, stack);
  removeLast(context.stateDir, stack);
  // With its caches still there, the next `up` of this checkout takes the same name and finds them again.
  if (keepVolumes) return;
  const chosen = join(context.local, "stack");
  if (existsSync(chosen) && readFileSync(chosen, "utf8").trim() === stack) rmSync(chosen);
  try {
    rmdirSync(context.local);
  } catch {
    // Not there, or another stack's files are in it.
  }
}

function report(session: Session, removed: number, swept: string[], millis: number): void {
  const { context, stack } = session;
  if (context.globals.json) {
    context.print(JSON.stringify({ stack, removed, swept }));
    return;
  }
  for (const item of swept) context.print(`Removed ${item}, which the engine's state did not know.`);
  const file = stackFile(context, stack);
  if (removed + swept.length === 0) context.print(`There was nothing of "${stack}" to remove.`);
  else context.print(`"${stack}" is gone: ${removed + swept.length} resources removed (${seconds(millis)}).`);
  if (existsSync(file)) context.print(`${basename(file)} is yours and stays.`);
}
