/** Which Docker daemon this user talks to, found as the `docker` command finds it, and clients for it. */
import { createHash } from "node:crypto";
import http from "node:http";
import https from "node:https";
import path from "node:path";
import type Docker from "dockerode";

export interface DockerEndpoint {
  /** Name of the context; `default` when none is in use. */
  context: string;
  /** Such as `unix:///var/run/docker.sock` or `tcp://build.example:2376`. */
  host: string;
  tls?: { ca: string | undefined; cert: string | undefined; key: string | undefined; verify: boolean };
}

type Environment = Readonly<Record<string, string | undefined>>;
type ReadText = (path: string) => string | undefined;

export const defaultDockerHost = "unix:///var/run/docker.sock";

/** The order of the docker command: DOCKER_HOST, DOCKER_CONTEXT, the current context of its config.json, the default. */
export function resolveDockerEndpoint(env: Environment, home: string, readText: ReadText): DockerEndpoint {
  const config = env.DOCKER_CONFIG || path.join(home, ".docker");
  if (env.DOCKER_HOST) {
    const tls = env.DOCKER_TLS_VERIFY || env.DOCKER_CERT_PATH;
    return {
      context: "default",
      host: env.DOCKER_HOST,
      ...(tls ? { tls: keys(env.DOCKER_CERT_PATH || config, Boolean(env.DOCKER_TLS_VERIFY), readText) } : {}),
    };
  }
  const name = env.DOCKER_CONTEXT || currentContext(path.join(config, "config.json"), readText);
  if (name === undefined || name === "" || name === "default") return { context: "default", host: defaultDockerHost };
  const id = createHash("sha256").update(name).digest("hex");
  const file = path.join(config, "contexts", "meta", id, "meta.json");
  const meta = parse(readText(file), file) as { Endpoints?: { docker?: { Host?: string; SkipTLSVerify?: boolean } } };
  const endpoint = meta?.Endpoints?.docker;
  if (!endpoint?.Host) {
    throw new Error(
      `the Docker context "${name}" does not exist (no Endpoints.docker.Host in ${file}); see \`docker context ls\`, then choose one with \`docker context use\` or DOCKER_CONTEXT`,
    );
  }
  const folder = path.join(config, "contexts", "tls", id, "docker");
  const tls = keys(folder, endpoint.SkipTLSVerify !== true, readText);
  return { context: name, host: endpoint.Host, ...(tls.ca !== undefined || tls.cert !== undefined ? { tls } : {}) };
}

function currentContext(file: string, readText: ReadText): string | undefined {
  return (parse(readText(file), file) as { currentContext?: string } | undefined)?.currentContext;
}

function parse(text: string | undefined, file: string): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${file} is not valid JSON; correct it or remove it`);
  }
}

function keys(folder: string, verify: boolean, readText: ReadText): NonNullable<DockerEndpoint["tls"]> {
  const read = (name: string) => readText(path.join(folder, name));
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem"), verify };
}

/** The full client. Imported late: it costs more than everything else at start. */
export async function dockerClient(endpoint: DockerEndpoint): Promise<Docker> {
  const { default: Client } = await import("dockerode");
  const url = new URL(endpoint.host);
  if (url.protocol === "unix:") return new Client({ socketPath: url.pathname });
  if (url.protocol === "ssh:") {
    return new Client({
      protocol: "ssh",
      host: url.hostname,
      port: Number(url.port || 22),
      username: url.username,
      ...(process.env.SSH_AUTH_SOCK ? { sshOptions: { agent: process.env.SSH_AUTH_SOCK } } : {}),
    });
  }
  const secure = endpoint.tls !== undefined || url.protocol === "https:";
  return new Client({
    protocol: secure ? "https" : "http",
    host: url.hostname,
    port: Number(url.port || (secure ? 2376 : 2375)),
    ...definedOnly({ ca: endpoint.tls?.ca, cert: endpoint.tls?.cert, key: endpoint.tls?.key }),
  });
}

function definedOnly<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

/** One small GET without loading the full client. `path` such as `/info`. */
export async function dockerGet(endpoint: DockerEndpoint, path: string, timeoutMs: number): Promise<unknown> {
  const url = new URL(endpoint.host);
  if (url.protocol === "ssh:") {
    const client = await dockerClient(endpoint);
    return path === "/info" ? client.info() : client.version();
  }
  const secure = endpoint.tls !== undefined || url.protocol === "https:";
  const options: https.RequestOptions = {
    path,
    timeout: timeoutMs,
    agent: false,
    headers: { host: "docker" },
    ...(url.protocol === "unix:"
      ? { socketPath: url.pathname }
      : { host: url.hostname, port: Number(url.port || (secure ? 2376 : 2375)) }),
    ...(endpoint.tls
      ? { ...definedOnly({ ...endpoint.tls, verify: undefined }), rejectUnauthorized: endpoint.tls.verify }
      : {}),
  };
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).request(options, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(parts).toString();
        if (response.statusCode !== 200) {
          reject(new Error(`the Docker daemon at ${endpoint.host} answered ${response.statusCode} to ${path}`));
          return;
        }
        try {
          resolve(JSON.parse(text));
        } catch {
          reject(new Error(`the answer of ${endpoint.host} to ${path} is not JSON: is it a Docker daemon?`));
        }
      });
    });
    request.on("timeout", () =>
      request.destroy(new Error(`the Docker daemon at ${endpoint.host} did not answer within ${timeoutMs} ms`)),
    );
    request.on("error", (error: NodeJS.ErrnoException) => reject(explain(error, endpoint.host)));
    request.end();
  });
}

function explain(error: NodeJS.ErrnoException, host: string): Error {
  if (error.code === "ENOENT" || error.code === "ECONNREFUSED")
    return new Error(
      `no Docker daemon answers at ${host}; start it, or name another with DOCKER_HOST or \`docker context use\``,
    );
  if (error.code === "EACCES")
    return new Error(
      `this user may not talk to the Docker daemon at ${host}; join the group that owns the socket and log in again`,
    );
  return error;
}
