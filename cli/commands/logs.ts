/** `logs`: what the main process of a project's container wrote, or of all of them. */
import { findContainer, projectContainers } from "../containers.ts";
import type { Context } from "../context.ts";
import { CliError } from "../errors.ts";
import { attach } from "../process.ts";
import { openSession } from "../session.ts";

export async function logs(
  context: Context,
  options: { follow?: boolean; tail?: number },
  name: string | undefined,
): Promise<number> {
  const session = openSession(context);
  const containers = name === undefined ? await projectContainers(session) : [await findContainer(session, name)];
  session.docker.close();
  if (containers.length === 0) {
    throw new CliError(`The stack "${session.stack}" has no containers. \`./workstation up\` makes them.`);
  }
  if (options.follow === true && containers.length > 1) {
    const names = containers.map((container) => container.project).join(", ");
    throw new CliError(`--follow goes with one container. Name one: ${names}.`);
  }
  const flags = [
    ...(options.follow === true ? ["--follow"] : []),
    ...(options.tail === undefined ? [] : ["--tail", String(options.tail)]),
  ];
  let worst = 0;
  for (const container of containers) {
    if (containers.length > 1) context.print(`== ${container.project} (${container.state})`);
    worst = Math.max(worst, await attach("docker", ["logs", ...flags, container.id], context.env));
  }
  return worst;
}
