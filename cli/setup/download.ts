/**
 * Fetches one file over HTTP(S) to the disk: resumes what was cut, notices what hangs, and puts the file in its place
 * only when its checksum is right.
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, type WriteStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { CliError, codeOf, messageOf } from "../errors.ts";

export type DownloadFailure = "unreachable" | "status" | "checksum" | "cut" | "stalled" | "disk";

export class DownloadError extends CliError {
  readonly kind: DownloadFailure;

  constructor(kind: DownloadFailure, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "DownloadError";
    this.kind = kind;
  }
}

export interface Timeouts {
  /** Milliseconds until the server must have taken the connection (default 3000). */
  connect?: number;
  /** Milliseconds without a single byte after which a transfer counts as hanging (default 20000). */
  stall?: number;
}

export interface DownloadOptions {
  url: string;
  dest: string;
  /** Hex digest of the whole file. */
  sha256: string;
  report?: (progress: { received: number; total?: number }) => void;
  signal?: AbortSignal;
  timeouts?: Timeouts;
  /** How often a cut transfer is taken up again (default 4). */
  resumes?: number;
  /** Where HTTPS_PROXY, HTTP_PROXY and NO_PROXY are read. */
  env?: NodeJS.ProcessEnv;
}

const maxRedirects = 5;

export async function download(options: DownloadOptions): Promise<void> {
  const part = `${options.dest}.part`;
  await mkdir(dirname(options.dest), { recursive: true });
  const resumed = (await sizeOf(part)) > 0;
  await fetchWhole(options, part);
  let digest = await sha256Of(part);
  if (digest !== options.sha256.toLowerCase() && resumed) {
    // What an earlier run left may be of another file: once more, from the first byte.
    await rm(part, { force: true });
    await fetchWhole(options, part);
    digest = await sha256Of(part);
  }
  if (digest !== options.sha256.toLowerCase()) {
    await rm(part, { force: true });
    throw new DownloadError(
      "checksum",
      `${options.url} has the wrong checksum and was thrown away.\n  expected sha256 ${options.sha256}\n  received sha256 ${digest}`,
    );
  }
  await rename(part, options.dest);
}

/** A small text, such as a list of checksums. */
export async function downloadText(options: Omit<DownloadOptions, "dest" | "sha256">): Promise<string> {
  const response = await request(options, options.url, 0);
  if (response.statusCode !== 200) throw statusError(options.url, response);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch (error) {
    throw options.signal?.aborted === true ? options.signal.reason : transferError(options.url, error);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function fetchWhole(options: DownloadOptions, part: string): Promise<void> {
  const resumes = options.resumes ?? 4;
  for (let attempt = 0; ; attempt += 1) {
    options.signal?.throwIfAborted();
    try {
      await fetchRest(options, part);
      return;
    } catch (error) {
      options.signal?.throwIfAborted();
      const again = error instanceof DownloadError && (error.kind === "cut" || error.kind === "stalled");
      if (!again) throw error;
      if (attempt >= resumes) {
        throw new DownloadError(error.kind, `${error.message} Gave up after ${resumes} resumes.`, error);
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(100 * 2 ** attempt, 2000)));
    }
  }
}

/** Appends to the part what is missing; starts over when the server does not know ranges. */
async function fetchRest(options: DownloadOptions, part: string): Promise<void> {
  const have = await sizeOf(part);
  const response = await request(options, options.url, have);
  const status = response.statusCode ?? 0;
  if (status === 416) {
    // The part is as long as the file, or longer: the checksum decides, a second request for it would not help.
    response.resume();
    return;
  }
  const append = status === 206 && rangeStart(response) === have;
  if (status === 206 && !append) {
    response.destroy();
    await rm(part, { force: true });
    throw new DownloadError("cut", `${options.url}: the server answered with another range than was asked for.`);
  }
  if (status !== 200 && !append) throw statusError(options.url, response);

  const length = Number(response.headers["content-length"]);
  const before = append ? have : 0;
  const progress = { received: before, ...(Number.isFinite(length) ? { total: before + length } : {}) };
  const file = createWriteStream(part, { flags: append ? "a" : "w" });
  response.on("data", (chunk: Buffer) => {
    progress.received += chunk.length;
    options.report?.({ ...progress });
  });
  try {
    await pipeline(response, file, options.signal === undefined ? {} : { signal: options.signal });
  } catch (error) {
    throw transferError(options.url, error);
  }
  await flush(file);
}

/** A power cut after the rename must not leave an empty file under the final name. */
async function flush(file: WriteStream): Promise<void> {
  const handle = await open(String(file.path), "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function transferError(url: string, error: unknown): DownloadError {
  if (error instanceof DownloadError) return error;
  if (["ENOSPC", "EDQUOT", "EROFS", "EACCES"].includes(codeOf(error))) {
    return new DownloadError("disk", `${url} cannot be written: ${messageOf(error)}`, error);
  }
  return new DownloadError("cut", `${url}: the transfer was cut (${messageOf(error)}).`, error);
}

function statusError(url: string, response: http.IncomingMessage): DownloadError {
  response.resume();
  const status = response.statusCode ?? 0;
  const text = `${url}: the server answered ${status} ${response.statusMessage ?? ""}`.trimEnd();
  // A busy or restarting server is worth another try; "not there" and "not allowed" are not.
  return new DownloadError(status >= 500 || status === 429 ? "cut" : "status", `${text}.`);
}

function rangeStart(response: http.IncomingMessage): number {
  return Number(/^bytes (\d+)-/.exec(response.headers["content-range"] ?? "")?.[1] ?? Number.NaN);
}

type Asking = Pick<DownloadOptions, "signal" | "timeouts" | "env">;

function request(options: Asking, url: string, from: number, redirects = 0): Promise<http.IncomingMessage> {
  const target = new URL(url);
  const timeouts = { connect: options.timeouts?.connect ?? 3000, stall: options.timeouts?.stall ?? 20_000 };
  return new Promise<http.IncomingMessage>((resolve, reject) => {
    const module = target.protocol === "https:" ? https : http;
    const asked = module.get(target, {
      agent: agentFor(target, options.env ?? process.env),
      headers: {
        "user-agent": "go-workstation",
        "accept-encoding": "identity",
        ...(from > 0 ? { range: `bytes=${from}-` } : {}),
      },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const unreachable = setTimeout(() => {
      asked.destroy(new DownloadError("unreachable", `${url}: no connection within ${timeouts.connect} ms.`));
    }, timeouts.connect);
    asked.on("socket", (socket) => {
      const connected = (): void => clearTimeout(unreachable);
      if (!socket.connecting) connected();
      socket.once(target.protocol === "https:" ? "secureConnect" : "connect", connected);
    });
    asked.setTimeout(timeouts.stall, () => {
      asked.destroy(new DownloadError("stalled", `${url}: no byte for ${timeouts.stall} ms.`));
    });
    asked.on("error", (error) => {
      clearTimeout(unreachable);
      reject(options.signal?.aborted === true ? options.signal.reason : connectionError(url, error));
    });
    asked.on("response", (response) => {
      clearTimeout(unreachable);
      // Destroying the request does not tell the body why: pass the reason on.
      asked.on("error", (error) => response.destroy(error));
      const next = redirectOf(url, response);
      if (next === undefined) return resolve(response);
      response.resume();
      if (redirects >= maxRedirects) {
        return reject(new DownloadError("status", `${url}: more than ${maxRedirects} redirects.`));
      }
      if (target.protocol === "https:" && next.protocol !== "https:") {
        return reject(new DownloadError("status", `${url}: redirects to ${next.origin}, which is not encrypted.`));
      }
      return request(options, next.href, from, redirects + 1).then(resolve, reject);
    });
  });
}

function redirectOf(url: string, response: http.IncomingMessage): URL | undefined {
  const location = response.headers.location;
  const status = response.statusCode ?? 0;
  return location !== undefined && [301, 302, 303, 307, 308].includes(status) ? new URL(location, url) : undefined;
}

function connectionError(url: string, error: unknown): DownloadError {
  if (error instanceof DownloadError) return error;
  const lost = ["ECONNRESET", "EPIPE"].includes(codeOf(error));
  return new DownloadError(lost ? "cut" : "unreachable", `${url} cannot be reached (${messageOf(error)}).`, error);
}

/** Node's own agents read the proxy variables (Node >= 22.21, >= 24.5); older ones ignore the option. */
function agentFor(target: URL, env: NodeJS.ProcessEnv): http.Agent {
  const options = { proxyEnv: env } as http.AgentOptions;
  return target.protocol === "https:" ? new https.Agent(options) : new http.Agent(options);
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return 0;
    throw error;
  }
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
