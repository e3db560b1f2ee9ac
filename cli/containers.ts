/** The containers of a stack, as commands name them: by project. */
import { containerName } from "../domain/names.ts";
import { CliError } from "./errors.ts";
import { listStack } from "./observe.ts";
import type { Session } from "./session.ts";

export interface ProjectContainer {
  project: string;
  id: string;
  name: string;
  state: string;
  /** Runs beside the developers' containers, and is nobody's project. */
  sidecar: boolean;
  /** Lives in the network of another container, and so runs only while that one does. */
  joins: boolean;
}

export async function projectContainers(session: Pick<Session, "docker" | "stack">): Promise<ProjectContainer[]> {
  const { containers } = await listStack(session.docker, session.stack);
  const start = containerName(session.stack, "");
  return containers
    .map((container) => {
      const name = container.Names[0]?.replace(/^\//, "") ?? "";
      const sidecar = !("devcontainer.local_folder" in container.Labels);
      const joins = container.HostConfig?.NetworkMode?.startsWith("container:") === true;
      return { project: name.replace(start, ""), id: container.Id, name, state: container.State, sidecar, joins };
    })
    .sort((a, b) => (a.project < b.project ? -1 : 1));
}

export async function findContainer(session: Session, project: string): Promise<ProjectContainer> {
  const all = await projectContainers(session);
  const found = all.find((container) => container.project === project || container.name === project);
  if (found !== undefined) return found;
  const known = all.map((container) => container.project).join(", ");
  throw new CliError(
    `There is no container of a project "${project}" in the stack "${session.stack}". ${
      known === "" ? "There is none at all: `./workstation up` makes them." : `There are: ${known}.`
    }`,
  );
}
