/** `shell` and `exec`: the way into a project's container without an editor. */
import { join } from "node:path";
import { relayAgent } from "../agent.ts";
import { findContainer } from "../containers.ts";
import type { Context } from "../context.ts";
import { CliError } from "../errors.ts";
import { attach } from "../process.ts";
import { openSession } from "../session.ts";
import { loadSettings } from "../settings.ts";

export async function shell(context: Context, _options: object, project: string): Promise<number> {
  return await enter(context, project, [
    "/bin/sh",
    "-c",
    "if command -v bash >/dev/null; then exec bash; else exec sh; fi",
  ]);
}

export async function exec(context: Context, _options: object, project: string, command: string[]): Promise<number> {
  if (command.length === 0) {
    throw new CliError(`Which command? Such as: ./workstation exec ${project} -- go version`);
  }
  return await enter(context, project, command);
}

async function enter(context: Context, project: string, command: string[]): Promise<number> {
  const session = openSession(context);
  const container = await findContainer(session, project);
  if (container.state !== "running") {
    throw new CliError(
      `The container of "${container.project}" is ${container.state}. \`./workstation start\` starts it.`,
    );
  }
  const relay = await sshAgent(context, session.stack, async () => {
    const found = await session.docker.get<{ Config: { User: string } }>(`/containers/${container.id}/json`);
    const [uid = 0, gid = 0] = (found?.Config.User ?? "").split(":").map(Number);
    return { uid, gid };
  });
  session.docker.close();
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  try {
    return await attach(
      "docker",
      [
        "exec",
        "--interactive",
        ...(terminal ? ["--tty", "--env", `TERM=${context.env.TERM ?? "xterm"}`] : []),
        ...(relay === undefined ? [] : ["--env", `SSH_AUTH_SOCK=${relay.path}`]),
        container.id,
        ...command,
      ],
      context.env,
    );
  } finally {
    relay?.close();
  }
}

async function sshAgent(context: Context, stack: string, owner: () => Promise<{ uid: number; gid: number }>) {
  const socket = context.env.SSH_AUTH_SOCK;
  if (!socket || !loadSettings(context, stack).container.sshAgent) return undefined;
  return await relayAgent(join(context.local, stack, "etc"), socket, await owner());
}
