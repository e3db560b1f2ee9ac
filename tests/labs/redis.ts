/** A real Redis (Debian's redis-server). */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { lab } from "./cleanup.ts";
import { debianProgram } from "./debian.ts";
import { accepts, freePort, LOOPBACK, labFolder, type Running, serve } from "./server.ts";

export interface RedisLab {
  /** `address:port` */
  endpoint: string;
  port: number;
  password: string;
  /** Connections are refused from here on, as from a server that is down; what it held is gone. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  log(): Promise<string>;
  stop(): Promise<void>;
}

export interface RedisOptions {
  /** Addresses to listen on. Default: 127.0.0.1. */
  addresses?: readonly string[];
  /** Default: one made for tests. */
  password?: string;
}

export async function startRedis(options: RedisOptions = {}): Promise<RedisLab> {
  const { addresses = [LOOPBACK], password = "redis-lab-password" } = options;
  const [first = LOOPBACK] = addresses;
  return await lab(async (cleanup) => {
    const { path, env } = await debianProgram("redis-server", "redis-server");
    const folder = await labFolder(cleanup, "redis");
    const port = await freePort(first);
    await mkdir(join(folder, "data"));
    const argv = [
      ...["--port", `${port}`, "--bind", ...addresses, "--dir", join(folder, "data")],
      ...["--requirepass", password, "--save", "", "--appendonly", "no", "--daemonize", "no"],
    ];
    const begin = (): Promise<Running> =>
      serve({
        name: "redis-server",
        argv: [path, ...argv],
        env,
        ready: () => accepts(port, first),
        logFile: join(folder, "log"),
      });
    let running = await begin();
    cleanup.add(() => running.stop());
    return {
      endpoint: `${first}:${port}`,
      port,
      password,
      cut: () => running.stop(),
      restore: async () => {
        running = await begin();
      },
      log: () => running.log(),
    };
  });
}
