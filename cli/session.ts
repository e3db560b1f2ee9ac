/** What most commands need of a workstation that is set up: its stack, backend, daemon and, late, its engine. */
import { type Context, requireStack } from "./context.ts";
import { type DockerApi, openDocker } from "./docker.ts";
import { type Deployment, readCheckpoint } from "./engine/checkpoint.ts";
import { Engine } from "./engine/engine.ts";
import { engineEnvironment } from "./engine/environment.ts";
import { digestOf } from "./engine/fingerprint.ts";
import { CliError, messageOf } from "./errors.ts";
import { interrupted } from "./interrupt.ts";
import type { Observer } from "./reality.ts";
import { type Backend, engineHome, findBackend } from "./setup/state.ts";

export interface Session {
  context: Context;
  stack: string;
  backend: Backend;
  docker: DockerApi;
}

export function openSession(context: Context): Session {
  return {
    context,
    stack: requireStack(context),
    backend: findBackend(context.env, context.stateDir),
    docker: openDocker(context.env),
  };
}

export interface State {
  deployment: Deployment;
  /** Equal digest, equal state. */
  digest: string;
}

/** The engine's last state; undefined when the stack does not exist. */
export async function readState(session: Session, engine?: () => Promise<Engine>): Promise<State | undefined> {
  if (session.backend.folder !== undefined) {
    const checkpoint = readCheckpoint(session.backend, session.stack);
    return checkpoint && { deployment: checkpoint.deployment, digest: digestOf(checkpoint.text) };
  }
  if (engine === undefined) return undefined;
  try {
    const deployment = await (await engine()).export();
    return { deployment, digest: digestOf(deployment) };
  } catch (error) {
    if (/no stack named/.test(messageOf(error))) return undefined;
    throw error;
  }
}

/** For commands that need the stack to be there. */
export async function requireState(session: Session, engine?: () => Promise<Engine>): Promise<State> {
  const state = await readState(session, engine);
  if (state === undefined) {
    throw new CliError(`There is no stack "${session.stack}" yet. \`./workstation up\` makes it.`);
  }
  return state;
}

/** The engine that is there already: commands other than `up` install nothing. */
export async function findEngine(session: Session): Promise<Engine> {
  const { inspectToolchain } = await import("./setup/toolchain.ts");
  const { context, stack, backend } = session;
  const home = engineHome(context.env);
  const found = await inspectToolchain({ cacheDir: context.cacheDir, pulumiHome: home, env: context.env });
  if (found === undefined) {
    throw new CliError("The engine and its plugins are not installed yet. `./workstation up` does that.");
  }
  interrupted.throwIfAborted();
  return new Engine(context, found.pulumi, engineEnvironment(context, { backend, binDir: found.binDir }), stack);
}

/** How `lookAtReality` sees this machine. */
export function observerOf(session: Pick<Session, "context" | "docker">): Observer {
  return {
    docker: session.docker,
    host: async () => (await import("../provider/host.ts")).machineHost({ env: session.context.env }),
  };
}

/** One at a time works on a stack of a backend. */
export function lockName(session: Pick<Session, "stack" | "backend">): string {
  return `up:${session.stack}:${digestOf(session.backend.url).slice(0, 8)}`;
}
