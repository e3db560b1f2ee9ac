/** `stop` and `start`: the stack's containers, those that share a network after, or before, the one that has it. Nothing is removed. */
import { type ProjectContainer, projectContainers } from "../containers.ts";
import type { Context } from "../context.ts";
import { startContainer } from "../engine/mend.ts";
import { CliError, exitCodes, messageOf } from "../errors.ts";
import { openSession } from "../session.ts";

export async function stop(context: Context): Promise<number> {
  return await each(
    context,
    "stopped",
    (state) => state === "running" || state === "paused",
    async (docker, id) => {
      await docker.post(`/containers/${id}/stop`);
    },
    true,
  );
}

export async function start(context: Context): Promise<number> {
  return await each(context, "started", (state) => state !== "running", startContainer, false);
}

type Result = Omit<ProjectContainer, "joins"> & { result: string; error?: string };

async function each(
  context: Context,
  done: string,
  applies: (state: string) => boolean,
  act: typeof startContainer,
  joinedFirst: boolean,
): Promise<number> {
  const session = openSession(context);
  const containers = await projectContainers(session);
  if (containers.length === 0) {
    throw new CliError(`The stack "${session.stack}" has no containers. \`./workstation up\` makes them.`);
  }
  const one = async ({ joins: _joins, ...container }: ProjectContainer): Promise<Result> => {
    if (!applies(container.state)) return { ...container, result: `${container.state} already` };
    try {
      await act(session.docker, container.id);
      return { ...container, result: done };
    } catch (error) {
      return { ...container, result: "failed", error: messageOf(error) };
    }
  };
  const results: Result[] = [];
  for (const joins of [joinedFirst, !joinedFirst])
    results.push(...(await Promise.all(containers.filter((container) => container.joins === joins).map(one))));
  results.sort((a, b) => (a.project < b.project ? -1 : 1));
  const failed = results.filter((result) => "error" in result);
  if (context.globals.json) context.print(JSON.stringify({ stack: session.stack, containers: results }));
  else for (const { project, result } of results) context.print(`${project}: ${result}`);
  if (failed.length > 0) {
    const causes = failed.map((result) => `${result.project}: ${"error" in result ? result.error : ""}`).join("\n");
    throw new CliError(`${causes}\n\`./workstation up\` looks at everything and repairs it.`);
  }
  return exitCodes.success;
}
