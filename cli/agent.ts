/**
 * The caller's SSH agent inside a container, for as long as a command runs: a socket in the folder that containers see as
 * /etc/workstation, passed on to SSH_AUTH_SOCK. The agent's own socket is never mounted: it changes with each login.
 */
import { chmodSync, chownSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { ETC } from "../domain/containers.ts";
import { isRoot } from "./setup/privilege.ts";

export interface AgentRelay {
  /** Path in the container. */
  path: string;
  close: () => void;
}

export async function relayAgent(
  etc: string,
  socket: string | undefined,
  owner: { uid: number; gid: number },
): Promise<AgentRelay | undefined> {
  if (!socket || !existsSync(socket) || !existsSync(etc)) return undefined;
  removeDead(etc);
  const name = `agent-${process.pid}.sock`;
  const file = join(etc, name);
  mkdirSync(etc, { recursive: true });
  rmSync(file, { force: true });
  const server = net.createServer((inside) => {
    const outside = net.connect(socket);
    inside.pipe(outside).pipe(inside);
    for (const end of [inside, outside]) end.on("error", () => [inside, outside].map((it) => it.destroy()));
  });
  // A socket's address holds 107 bytes, less than many paths; through the open folder it is always short.
  const folder = openSync(etc, "r");
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(`/proc/self/fd/${folder}/${name}`, resolve);
    });
    // Only who works in the container may talk to the agent.
    chmodSync(file, 0o600);
    if (isRoot()) chownSync(file, owner.uid, owner.gid);
  } finally {
    closeSync(folder);
  }
  return {
    path: `${ETC}/${name}`,
    close: () => {
      server.close();
      rmSync(file, { force: true });
    },
  };
}

/** Sockets of commands that were killed. */
function removeDead(etc: string): void {
  for (const name of readdirSync(etc)) {
    const pid = /^agent-(\d+)\.sock$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(etc, name), { force: true });
  }
}
