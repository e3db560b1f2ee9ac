/** The provider's side of the privileged helper (toolchain/privileged): root's few verbs over a socket, for one run. */
import net from "node:net";
import type { FileStat, WriteOptions } from "./host-files.ts";

/** Names the helper's socket. Set by the command line for the engine that it starts, and by nobody else. */
export const socketVariable = "WORKSTATION_PRIVILEGED_SOCKET";

/** How a distribution makes its trust store anew. */
export type TrustKind = "debian" | "fedora" | "arch";

/** Every verb that the helper has. Paths outside its list, and programs other than its own, are refused. */
export interface Privileged {
  stat(file: string): Promise<FileStat | undefined>;
  read(file: string): Promise<Buffer | undefined>;
  /** Keeps the owner of what is there; another `owner` is refused. */
  write(file: string, content: string | Buffer, options: WriteOptions): Promise<void>;
  /** Like `write`, and takes the place of a symbolic link too. */
  restore(file: string, content: string | Buffer, options: WriteOptions): Promise<void>;
  remove(file: string): Promise<void>;
  setMode(file: string, mode: number): Promise<void>;
  /** One folder, 0755. Says whether it was made. */
  makeFolder(folder: string): Promise<boolean>;
  /** Only if it is empty; says whether it went. */
  removeFolder(folder: string): Promise<boolean>;
  /** /etc/localtime, to a zone below /usr/share/zoneinfo. */
  link(file: string, target: string): Promise<void>;
  refreshTrust(kind: TrustKind): Promise<void>;
  restartDaemon(name: "docker"): Promise<void>;
  reloadUnits(): Promise<void>;
  /** `go-workstation-*.service` and `.timer` only; starts or stops it too. */
  enableUnit(name: string): Promise<void>;
  disableUnit(name: string): Promise<void>;
}

/** What the helper said instead of doing it. `code` is REFUSED, FAILED or that of a system error. */
export class PrivilegedError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "PrivilegedError";
    this.code = code;
  }
}

interface Reply {
  id: number;
  ok: boolean;
  code?: string;
  error?: string;
  value?: unknown;
}

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

type Ask = (verb: string, fields?: Record<string, unknown>) => Promise<unknown>;

/** A program that the helper starts has two minutes. */
const answerMillis = 150_000;

export function privilegedClient(socket: string): Privileged {
  const ask = asker(socket);
  const put = async (verb: string, path: string, content: string | Buffer, { mode, owner }: WriteOptions) => {
    await ask(verb, { path, content: Buffer.from(content).toString("base64"), mode: octal(mode), ...owner });
  };
  return {
    stat: async (path) => ((await ask("stat", { path })) as FileStat | null) ?? undefined,
    read: async (path) => {
      const content = (await ask("read", { path })) as string | null;
      return content === null ? undefined : Buffer.from(content, "base64");
    },
    write: (path, content, options) => put("write", path, content, options),
    restore: (path, content, options) => put("restore", path, content, options),
    remove: async (path) => void (await ask("remove", { path })),
    setMode: async (path, mode) => void (await ask("setMode", { path, mode: octal(mode) })),
    makeFolder: async (path) => (await ask("makeFolder", { path })) === true,
    removeFolder: async (path) => (await ask("removeFolder", { path })) === true,
    link: async (path, target) => void (await ask("link", { path, target })),
    refreshTrust: async (kind) => void (await ask("refreshTrust", { kind })),
    restartDaemon: async (name) => void (await ask("restartDaemon", { name })),
    reloadUnits: async () => void (await ask("reloadUnits")),
    enableUnit: async (name) => void (await ask("enableUnit", { name })),
    disableUnit: async (name) => void (await ask("disableUnit", { name })),
  };
}

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, "0");

/** One connection, opened when it is needed; requests go out as they come and are answered in order. */
function asker(path: string): Ask {
  let connection: { socket: net.Socket; waiting: Map<number, Waiting> } | undefined;
  let last = 0;
  const open = () => {
    const socket = net.connect(path);
    const waiting = new Map<number, Waiting>();
    const opened = { socket, waiting };
    let problem = new PrivilegedError("ENDED", "it ended before it answered; run ./workstation up again");
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("data", (part: string) => {
      const lines = (rest + part).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) settle(waiting, JSON.parse(line) as Reply);
      // The process may end while nothing is asked.
      if (waiting.size === 0) socket.unref();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      problem = new PrivilegedError(error.code ?? "", unreachable(error));
    });
    socket.on("close", () => {
      if (connection === opened) connection = undefined;
      for (const one of waiting.values()) one.reject(problem);
      waiting.clear();
    });
    return opened;
  };
  return (verb, fields = {}) =>
    new Promise((resolve, reject) => {
      connection ??= open();
      const { socket, waiting } = connection;
      last += 1;
      const id = last;
      const timer = setTimeout(
        () => socket.destroy(new Error(`it did not answer within ${answerMillis / 1000} s`)),
        answerMillis,
      );
      const over =
        <T>(end: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          end(value);
        };
      waiting.set(id, { resolve: over(resolve), reject: over(reject) });
      socket.ref();
      socket.write(`${JSON.stringify({ id, verb, ...fields })}\n`);
    });
}

function settle(waiting: Map<number, Waiting>, reply: Reply): void {
  const [oldest = 0] = waiting.keys();
  // A request that was no request to the helper comes back without its number: it is the oldest.
  const id = waiting.has(reply.id) ? reply.id : oldest;
  const one = waiting.get(id);
  waiting.delete(id);
  if (reply.ok) one?.resolve(reply.value ?? null);
  else one?.reject(new PrivilegedError(reply.code ?? "FAILED", reply.error ?? "it gave no reason"));
}

function unreachable(error: NodeJS.ErrnoException): string {
  const gone = ["ENOENT", "ECONNREFUSED", "EPIPE", "ECONNRESET"].includes(error.code ?? "");
  return gone ? "it has ended; run ./workstation up again" : error.message;
}
