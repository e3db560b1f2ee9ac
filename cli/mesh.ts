/** What the links of the mesh really are: each client opens a connection and reads the answer from the wire. */
import { type Link, linksOf, type Tunnel, tunnelsOf } from "../domain/mesh/links.ts";
import { SUITES } from "../domain/mesh/suites.ts";
import { containerName } from "../domain/names.ts";
import { run } from "./process.ts";

/** As `sm-tunnel probe --json` prints it. */
export interface Probe {
  profile: string;
  version: string;
  /** Such as `0x00c6`. */
  suite: string;
  suiteName: string;
  group: string;
  signature: string;
  peer: { names: string[]; notAfter: string; serial: string; issuer: string };
  handshakeMs: number;
  /** How the far side took the end: `closed`, `open` and `spoke` say that a service was there, `cut` that none was. */
  backend: string;
}

export interface LinkStatus extends Pick<Link, "from" | "to" | "port" | "localPort"> {
  profile: string;
  ok: boolean;
  /** Why not; null where all is well. */
  problem: string | null;
  negotiated: Probe | null;
  /** ISO 8601: when the server's side began to use its certificate; null where it does not tell. */
  lastRotation: string | null;
}

export type Run = (
  container: string,
  args: readonly string[],
) => Promise<{ code: number; stdout: string; stderr: string }>;

export function runInContainer(env: NodeJS.ProcessEnv): Run {
  return async (container, args) => await run("docker", ["exec", container, ...args], { env });
}

const PROGRAM = "/usr/local/bin/sm-tunnel";
const CONFIG = "/run/workstation/mesh/config.json";

export async function linkStatuses(
  stack: string,
  settings: Parameters<typeof linksOf>[0],
  exec: Run,
): Promise<LinkStatus[]> {
  const links = linksOf(settings);
  const tunnels = tunnelsOf(links);
  return await Promise.all(links.map(async (link) => await statusOf(stack, link, tunnels, exec)));
}

async function statusOf(stack: string, link: Link, tunnels: readonly Tunnel[], exec: Run): Promise<LinkStatus> {
  const { from, to, port, localPort, profile } = link;
  const client = tunnels.find(
    ({ role, service, listen }) => role === "client" && service === from && listen === `127.0.0.1:${localPort}`,
  );
  const server = tunnels.find(({ name }) => name === `mesh.${to}.${port}.${profile}`);
  if (client === undefined || server === undefined) throw new Error(`${from} to ${to}:${port} has no tunnels`);
  const [probed, told] = await Promise.all([
    exec(containerName(stack, client.name), [PROGRAM, "probe", "--config", CONFIG, "--json"]),
    exec(containerName(stack, server.name), [PROGRAM, "status", "--admin", `127.0.0.1:${server.admin}`]),
  ]);
  const lastRotation = rotationOf(told.code === 0 ? told.stdout : "");
  const about = { from, to, port, localPort, profile, lastRotation };
  if (probed.code !== 0) {
    const problem = (probed.stderr || probed.stdout).trim().replace(/^sm-tunnel: /, "") || `exit ${probed.code}`;
    return { ...about, ok: false, problem, negotiated: null };
  }
  const negotiated = JSON.parse(probed.stdout) as Probe;
  const problem = problemOf(link, negotiated);
  return { ...about, ok: problem === null, problem, negotiated };
}

function problemOf({ to, port, profile }: Link, { suite, suiteName, backend }: Probe): string | null {
  const wanted = SUITES[profile] ?? [];
  if (!wanted.includes(suite)) return `negotiated ${suiteName} (${suite}), and ${profile} allows ${wanted.join(", ")}`;
  if (backend === "cut")
    return `the tunnel is up, but nothing listens on 127.0.0.1:${port} of ${to}, or others than the tunnel can reach it`;
  return null;
}

function rotationOf(text: string): string | null {
  try {
    const { rotatedAt } = JSON.parse(text) as { rotatedAt?: unknown };
    return typeof rotatedAt === "string" ? rotatedAt : null;
  } catch {
    // The link itself is judged by the probe; this is only told where it is known.
    return null;
  }
}
