/** Credentials for a pull, found as the docker command finds them. They go to the daemon and nowhere else. */
import path from "node:path";
import type { Host } from "../host.ts";

export interface RegistryAuth {
  username: string;
  password: string;
  serveraddress: string;
}

interface DockerConfig {
  auths?: Record<string, { auth?: string }>;
  credHelpers?: Record<string, string>;
  credsStore?: string;
}

const dockerHub = "https://index.docker.io/v1/";

export function registryOf(reference: string): string {
  const first = reference.split("/")[0] ?? "";
  const isHost = reference.includes("/") && (/[.:]/.test(first) || first === "localhost");
  return isHost ? first : dockerHub;
}

export async function registryAuth(host: Host, reference: string): Promise<RegistryAuth | undefined> {
  const serveraddress = registryOf(reference);
  const file = path.join(host.env.DOCKER_CONFIG || path.join(host.user.home, ".docker"), "config.json");
  const text = await host.files.text(file);
  if (text === undefined) return undefined;
  const config = JSON.parse(text) as DockerConfig;
  const helper = config.credHelpers?.[serveraddress] ?? config.credsStore;
  if (helper !== undefined && helper !== "") {
    const run = await host.run(`docker-credential-${helper}`, ["get"], {
      input: serveraddress,
      anyExit: true,
      timeoutMs: 30_000,
    });
    // The helper knows no login for this registry: the pull goes ahead without one.
    if (run.code !== 0) return undefined;
    const { Username, Secret } = JSON.parse(run.stdout) as { Username: string; Secret: string };
    return { username: Username, password: Secret, serveraddress };
  }
  const auth = config.auths?.[serveraddress]?.auth ?? config.auths?.[`https://${serveraddress}`]?.auth;
  if (auth === undefined) return undefined;
  const decoded = Buffer.from(auth, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1), serveraddress };
}
