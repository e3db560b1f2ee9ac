/**
 * One holder at a time for a name, among all processes of this machine (network namespace). The lock is a listening
 * abstract Unix socket: the kernel frees it when its holder ends, however it ends, so there is no stale lock to clean up.
 */
import net from "node:net";

export interface LockOptions {
  /** Called once when somebody else holds the lock, with what the holder said about itself. */
  onWait?: (holder: string) => void;
  signal?: AbortSignal;
}

export async function withLock<T>(name: string, options: LockOptions, fn: () => Promise<T>): Promise<T> {
  const address = socketName(name);
  let told = false;
  for (;;) {
    options.signal?.throwIfAborted();
    const held = await hold(address);
    if (held !== undefined) {
      try {
        return await fn();
      } finally {
        await held.release();
      }
    }
    await waitForHolder(address, options.signal, (holder) => {
      if (!told) options.onWait?.(holder);
      told = true;
    });
  }
}

/** The user's number is part of it: one user's lock never stops another's. Abstract names hold at most 107 bytes. */
function socketName(name: string): string {
  const address = `\0go-workstation:${process.getuid?.() ?? 0}:${name}`;
  if (Buffer.byteLength(address) > 100) throw new Error(`the lock's name "${name}" is too long`);
  return address;
}

async function hold(address: string): Promise<{ release: () => Promise<void> } | undefined> {
  const waiting = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    waiting.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => waiting.delete(socket));
    socket.write(`process ${process.pid}\n`);
  });
  const listening = await new Promise<boolean>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(false) : reject(error),
    );
    server.listen(address, () => resolve(true));
  });
  if (!listening) return undefined;
  return {
    release: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of waiting) socket.destroy();
      }),
  };
}

/** Ends when the holder lets go: its end of the connection closes. */
function waitForHolder(
  address: string,
  signal: AbortSignal | undefined,
  onHolder: (holder: string) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(address);
    const abort = () => socket.destroy(signal?.reason instanceof Error ? signal.reason : new Error("cancelled"));
    signal?.addEventListener("abort", abort, { once: true });
    socket.setEncoding("utf8");
    socket.once("data", (text) => onHolder(text.toString().trim()));
    // Refused: the holder let go between our two looks. Any other error is looked at again by the caller's next try.
    socket.on("error", () => {});
    socket.on("close", () => {
      signal?.removeEventListener("abort", abort);
      if (signal?.aborted === true) reject(signal.reason);
      else setTimeout(resolve, 5);
    });
  });
}
