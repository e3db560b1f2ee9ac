/**
 * The daemon's API for the few questions that the command line has. Plain requests: the full client takes longer to
 * load than all of `drift` takes to run. Only a daemon behind SSH needs it.
 */
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { homedir } from "node:os";
import { type DockerEndpoint, dockerClient, resolveDockerEndpoint } from "../provider/docker.ts";
import { CliError, codeOf } from "./errors.ts";

interface Answer {
  status: number;
  text: string;
}

/** Far above what a daemon needs for any of our questions, even one that is stopping containers. */
const TIMEOUT_MILLIS = 120_000;

export class DockerApi {
  readonly endpoint: DockerEndpoint;
  private readonly agent: http.Agent;

  constructor(endpoint: DockerEndpoint) {
    this.endpoint = endpoint;
    const options = { keepAlive: true, maxSockets: 16 };
    this.agent = endpoint.tls === undefined ? new http.Agent(options) : new https.Agent(options);
  }

  /** What is there, or undefined when the daemon says that it is not. */
  async get<T>(path: string, timeout?: number): Promise<T | undefined> {
    const answer = await this.send("GET", path, undefined, timeout);
    if (answer.status === 404) return undefined;
    this.refuse("GET", path, answer);
    return JSON.parse(answer.text) as T;
  }

  async post(path: string, body?: unknown): Promise<string> {
    const answer = await this.send("POST", path, body);
    this.refuse("POST", path, answer);
    return answer.text;
  }

  /** Gone afterwards; that it was not there is fine. */
  async delete(path: string): Promise<void> {
    const answer = await this.send("DELETE", path);
    if (answer.status !== 404) this.refuse("DELETE", path, answer);
  }

  close(): void {
    this.agent.destroy();
  }

  private refuse(method: string, path: string, answer: Answer): void {
    if (answer.status < 400) return;
    let said = answer.text.trim();
    try {
      said = String((JSON.parse(said) as { message?: string }).message ?? said);
    } catch {
      // Not JSON: shown as it came.
    }
    throw new CliError(`The Docker daemon at ${this.endpoint.host} refused ${method} ${path}: ${said}`);
  }

  private async send(method: string, path: string, body?: unknown, timeout = TIMEOUT_MILLIS): Promise<Answer> {
    const url = new URL(this.endpoint.host);
    if (url.protocol === "ssh:") return await this.sendThroughClient(method, path, body);
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const { tls } = this.endpoint;
    const options: https.RequestOptions = {
      method,
      path,
      timeout,
      agent: this.agent,
      headers: {
        host: "docker",
        ...(payload === undefined ? {} : { "content-type": "application/json" }),
        "content-length": payload === undefined ? 0 : Buffer.byteLength(payload),
      },
      ...(url.protocol === "unix:"
        ? { socketPath: url.pathname }
        : { host: url.hostname, port: Number(url.port || (tls === undefined ? 2375 : 2376)) }),
      ...(tls === undefined ? {} : { ...tls, rejectUnauthorized: tls.verify }),
    };
    return await new Promise((resolve, reject) => {
      const request = (tls === undefined ? http : https).request(options, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 500, text }));
      });
      request.on("timeout", () => request.destroy(new Error(`no answer within ${timeout} ms`)));
      request.on("error", (error) => reject(new DockerUnreachableError(this.endpoint.host, error)));
      request.end(payload);
    });
  }

  private async sendThroughClient(method: string, path: string, body: unknown): Promise<Answer> {
    const client = await dockerClient(this.endpoint);
    return await new Promise((resolve, reject) => {
      const accepted = { 200: true, 201: true, 204: true, 304: true } as const;
      client.modem.dial(
        { method, path, options: body as object, statusCodes: accepted },
        (error: unknown, data: unknown) => {
          if (error === null || error === undefined) {
            resolve({ status: 200, text: typeof data === "string" ? data : JSON.stringify(data ?? null) });
            return;
          }
          const status = (error as { statusCode?: number }).statusCode;
          if (status === undefined) reject(new DockerUnreachableError(this.endpoint.host, error));
          else resolve({ status, text: String((error as Error).message) });
        },
      );
    });
  }
}

export class DockerUnreachableError extends CliError {
  readonly reason: "absent" | "denied" | "other";

  constructor(host: string, cause: unknown) {
    const code = codeOf(cause);
    const reason = code === "ENOENT" || code === "ECONNREFUSED" ? "absent" : code === "EACCES" ? "denied" : "other";
    const texts = {
      absent: `No Docker daemon answers at ${host}. \`./workstation up\` starts or installs one; \`docker context ls\` shows others.`,
      denied: `You may not talk to the Docker daemon at ${host}. Have an administrator allow it, then log in again.`,
      other: `The Docker daemon at ${host} cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}.`,
    };
    super(texts[reason], { cause });
    this.name = "DockerUnreachableError";
    this.reason = reason;
  }
}

export function dockerEndpoint(env: NodeJS.ProcessEnv): DockerEndpoint {
  return resolveDockerEndpoint(env, homedir(), (path) => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  });
}

export function openDocker(env: NodeJS.ProcessEnv): DockerApi {
  return new DockerApi(dockerEndpoint(env));
}

/** `filters` as the API wants them in a query. */
export function labelled(...labels: string[]): string {
  return `filters=${encodeURIComponent(JSON.stringify({ label: labels }))}`;
}
