/** Carries out a repair plan: daemon first, then the engine's state, so that a kill in between is found again. */
import type { DockerApi } from "../docker.ts";
import { CliError, messageOf } from "../errors.ts";
import type { Terminal } from "../terminal.ts";
import { type Deployment, nameOf, withoutResources } from "./checkpoint.ts";
import { type Engine, explainFailure } from "./engine.ts";
import { plainName } from "./events.ts";
import type { RepairPlan } from "./repair.ts";

/** Returns the resources that the engine is to replace. */
export async function mend(
  terminal: Terminal,
  docker: DockerApi,
  engine: () => Promise<Engine>,
  deployment: Deployment,
  plan: RepairPlan,
): Promise<string[]> {
  for (const { kind, id, why } of plan.remove) {
    const what = kind.slice(0, -1);
    terminal.line(`Removing ${what} ${id.slice(0, 40)}: ${why}.`);
    if (kind === "networks") await detachAll(docker, id);
    await docker.delete(`/${kind}/${encodeURIComponent(id)}?force=true&v=false`);
  }
  const replace = [...plan.replace];
  for (const { id, name } of plan.start) {
    try {
      await startContainer(docker, id);
      terminal.line(`Started container ${name}.`);
    } catch (error) {
      terminal.line(`Container ${name} does not start (${messageOf(error)}), so it is made anew.`);
      replace.push(...(deployment.resources ?? []).filter((it) => it.id === id).map((it) => it.urn));
    }
  }
  const pending = deployment.pending_operations ?? [];
  if (plan.forget.size > 0 || pending.length > 0) {
    for (const urn of plan.forget) terminal.line(`Making ${plainName(urn)} again.`);
    for (const { resource } of pending) terminal.line(`Forgetting what was interrupted: ${plainName(resource.urn)}.`);
    const running = await engine();
    await running.import(withoutResources(await running.export(), plan.forget));
  }
  if (plan.refresh.length > 0) await refresh(terminal, await engine(), plan.refresh);
  return replace;
}

async function detachAll(docker: DockerApi, id: string): Promise<void> {
  const network = await docker.get<{ Containers?: Record<string, unknown> }>(`/networks/${id}`);
  for (const container of Object.keys(network?.Containers ?? {})) {
    await docker.post(`/networks/${id}/disconnect`, { Container: container, Force: true });
  }
}

/** A paused container runs, but does nothing. */
export async function startContainer(docker: DockerApi, id: string): Promise<void> {
  const found = await docker.get<{ State: { Paused: boolean } }>(`/containers/${id}/json`);
  await docker.post(`/containers/${id}/${found?.State.Paused === true ? "unpause" : "start"}`);
}

async function refresh(terminal: Terminal, engine: Engine, urns: string[]): Promise<void> {
  await terminal.step(
    `Looking again at ${urns.map(nameOf).join(", ")}`,
    async (news) => {
      const targets = urns.flatMap((urn) => ["--target", urn]);
      const run = await engine.follow("refresh", ["--yes", "--skip-preview", ...targets], news);
      if (run.code !== 0) throw new CliError(explainFailure("refresh", run));
    },
    () => "done",
  );
}
