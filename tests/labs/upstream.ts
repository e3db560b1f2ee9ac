/**
 * A module proxy and checksum database on this machine that stands for the upstream: its answers are real, their time and
 * their faults are ours. Plain http; the go command takes that for GOPROXY as long as no credentials are in the URL.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { lab } from "./cleanup.ts";
import { LOOPBACK, listen } from "./server.ts";
import { type Answer, relaySource, type Source, treeSource } from "./upstream/source.ts";
import { changedZip } from "./upstream/zip.ts";

/**
 * - `hang`: takes the request and never answers
 * - `html`: 200 with a page, as a login portal gives it
 * - `truncated`: the head promises all, half comes, then the connection ends
 * - `changed`: a well-formed zip with other content; other files as they are
 * - `error`: 500
 */
export type Fault = "hang" | "html" | "truncated" | "changed" | "error";

export interface UpstreamLab {
  /** `http://127.0.0.1:port`, for GOPROXY. */
  url: string;
  port: number;
  /** The same for each address that it listens on. */
  urls: string[];
  /** For GOSUMDB: the database's name and where it is. */
  sumdb(name?: string): string;
  /** How often each path was asked for since the last `reset`, escaped as in the protocol. */
  requests: Map<string, number>;
  total(): number;
  reset(): void;
  /** Milliseconds before each answer. */
  delay: number;
  /** Answers to paths that match are broken in this way; undefined: none. */
  setFault(fault: Fault | undefined, match?: RegExp): void;
  /** Connections are refused from here on, and open ones end. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  stop(): Promise<void>;
}

export interface UpstreamOptions {
  /** Addresses to listen on, all with the same port. Default: 127.0.0.1; add `bridgeAddress()` for containers. */
  addresses?: readonly string[];
  /** A folder in the layout of `$GOMODCACHE/cache/download`. Default: relays to what the machine is configured with. */
  tree?: string;
  delay?: number;
  /** Default: a free one. */
  port?: number;
}

interface Behaviour {
  delay: number;
  fault: Fault | undefined;
  match: RegExp;
}

function send(response: ServerResponse, { status, body, type }: Answer, path: string, fault: Fault | undefined): void {
  const head = (length: number) => ({ "content-type": type, "content-length": length });
  switch (fault) {
    case "hang":
      return;
    case "html":
      response.writeHead(200, { "content-type": "text/html" }).end("<html><body>Please log in</body></html>\n");
      return;
    case "error":
      response.writeHead(500, head(7)).end("broken\n");
      return;
    case "truncated":
      response.writeHead(status, head(body.length));
      response.write(body.subarray(0, body.length >> 1), () => response.destroy());
      return;
    case "changed": {
      const changed = path.endsWith(".zip") && status === 200 ? changedZip(path) : body;
      response.writeHead(status, head(changed.length)).end(changed);
      return;
    }
    default:
      response.writeHead(status, head(body.length)).end(body);
  }
}

class Listener {
  readonly #sockets = new Set<Socket>();
  readonly #handler: (request: IncomingMessage, response: ServerResponse) => void;
  readonly #addresses: readonly string[];
  #servers: Server[] = [];
  port: number;

  constructor(addresses: readonly string[], port: number, handler: Listener["handle"]) {
    this.#addresses = addresses;
    this.#handler = handler;
    this.port = port;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#handler(request, response);
  }

  async open(): Promise<void> {
    for (const address of this.#addresses) {
      const server = createServer((request, response) => this.handle(request, response));
      server.on("connection", (socket) => {
        this.#sockets.add(socket);
        socket.once("close", () => this.#sockets.delete(socket));
      });
      this.#servers.push(server);
      this.port = await listen(server, address, this.port);
    }
  }

  async close(): Promise<void> {
    const closed = this.#servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve)));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }
}

export async function startUpstream(options: UpstreamOptions = {}): Promise<UpstreamLab> {
  const { addresses = [LOOPBACK], delay = 0, port = 0 } = options;
  const source: Source = options.tree === undefined ? await relaySource() : treeSource(options.tree);
  const requests = new Map<string, number>();
  const behaviour: Behaviour = { delay, fault: undefined, match: /./ };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://lab").pathname);
    requests.set(path, (requests.get(path) ?? 0) + 1);
    const [found] = await Promise.all([source(path), pause(behaviour.delay)]);
    if (response.destroyed) return;
    send(response, found, path, behaviour.match.test(path) ? behaviour.fault : undefined);
  };
  return await lab(async (cleanup) => {
    const listener = new Listener(addresses, port, (request, response) => {
      answer(request, response).catch((error: Error) =>
        response.writeHead(502).end(`upstream lab: ${error.message}\n`),
      );
    });
    cleanup.add(() => listener.close());
    await listener.open();
    const urls = addresses.map((address) => `http://${address}:${listener.port}`);
    const [url = ""] = urls;
    return {
      url,
      urls,
      port: listener.port,
      sumdb: (name = "sum.golang.org") => `${name} ${url}/sumdb/${name}`,
      requests,
      total: () => [...requests.values()].reduce((sum, count) => sum + count, 0),
      reset: () => requests.clear(),
      get delay() {
        return behaviour.delay;
      },
      set delay(milliseconds: number) {
        behaviour.delay = milliseconds;
      },
      setFault: (fault, match = /./) => Object.assign(behaviour, { fault, match }),
      cut: () => listener.close(),
      restore: () => listener.open(),
    };
  });
}

const pause = (milliseconds: number): Promise<void> | undefined =>
  milliseconds === 0 ? undefined : new Promise((resolve) => setTimeout(resolve, milliseconds));
