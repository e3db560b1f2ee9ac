/**
 * One build at a time on this machine, by an abstract Unix socket: the kernel frees it when its owner dies, however that
 * happens, so no stale lock can be left behind.
 */
import { connect, createServer, type Server } from "node:net";
import { codeOf } from "../errors.ts";

export interface Holder {
  pid: number;
  what: string;
  since: string;
}

export interface LockOptions {
  /** Called once for each holder that we wait for. */
  onWait?: (holder: Holder | undefined) => void;
  signal?: AbortSignal;
}

export async function withBuildLock<T>(
  name: string,
  what: string,
  options: LockOptions,
  fn: () => Promise<T>,
): Promise<T> {
  const self: Holder = { pid: process.pid, what, since: new Date().toISOString() };
  // The abstract namespace is shared by all users: everyone gets a lock of their own.
  const address = `\0go-workstation-${process.getuid?.() ?? 0}-${name}`;
  let told: number | undefined;
  for (;;) {
    options.signal?.throwIfAborted();
    const server = await claim(address, self);
    if (server !== undefined) {
      try {
        return await fn();
      } finally {
        await release(server);
      }
    }
    await untilFree(address, options.signal, (holder) => {
      if (holder?.pid === told && told !== undefined) return;
      told = holder?.pid ?? -1;
      options.onWait?.(holder);
    });
  }
}

const open = new WeakMap<Server, Set<{ destroy: () => void }>>();

function claim(address: string, self: Holder): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const waiting = new Set<{ destroy: () => void }>();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on("error", () => {}).on("close", () => waiting.delete(socket));
      // Kept open: its end tells the one who waits that the lock is free.
      socket.write(`${JSON.stringify(self)}\n`);
    });
    open.set(server, waiting);
    server.once("error", (error) => (codeOf(error) === "EADDRINUSE" ? resolve(undefined) : reject(error)));
    server.listen(address, () => resolve(server));
    server.unref();
  });
}

async function release(server: Server): Promise<void> {
  for (const socket of open.get(server) ?? []) socket.destroy();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

function untilFree(
  address: string,
  signal: AbortSignal | undefined,
  holder: (holder: Holder | undefined) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    let text = "";
    const aborted = (): void => {
      socket.destroy();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", aborted, { once: true });
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.endsWith("\n")) holder(parse(text));
    });
    // Refused or reset: it has just become free.
    socket.on("error", () => {});
    socket.on("close", () => {
      signal?.removeEventListener("abort", aborted);
      setTimeout(resolve, 20);
    });
  });
}

function parse(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return undefined;
  }
}
