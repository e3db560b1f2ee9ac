/** The module proxy as plain processes, from a checkout's sources, with a lab in the place of everything upstream. */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { certificate } from "../../tests/labs/certificate.ts";
import { lab } from "../../tests/labs/cleanup.ts";
import { freePort, LOOPBACK, labFolder, type Running, run, serve } from "../../tests/labs/server.ts";
import type { UpstreamLab } from "../../tests/labs/upstream.ts";

export const PASSWORD = "bench-only-password";

export interface Programs {
  gate: string;
  sumdb: string;
  athens: string;
  /** The gate's load program. */
  load: string;
  lookups: string;
}

export interface ModuleProxy {
  url: string;
  /** File with the root of its certificate. */
  ca: string;
  netrc: string;
  /** Its processes; the gate's first. */
  processes(): Promise<{ pid: number; name: string; rssMiB: number }[]>;
  /** Feeds go.sum lines to `warm`. */
  warm(lines: string): Promise<void>;
  log(): Promise<string>;
  stop(): Promise<void>;
}

async function goBuild(module: string, what: string, target: string): Promise<string> {
  process.stderr.write(`building ${path.basename(target)}\n`);
  const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", target, what];
  const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" };
  await run("go", ["build", ...flags], { cwd: module, env, maxBuffer: 1 << 26 });
  return target;
}

/** From `checkout`'s sidecars; `athens` names one that is built already, which otherwise takes minutes the first time. */
export async function programs(checkout: string, folder: string, athens?: string): Promise<Programs> {
  await mkdir(folder, { recursive: true });
  const sidecar = (name: string) => path.join(checkout, "sidecars", name);
  if (!existsSync(sidecar("goproxy")))
    throw new Error(`${sidecar("goproxy")} is not there: name a checkout that has it`);
  const to = (name: string) => path.join(folder, name);
  return {
    gate: await goBuild(sidecar("goproxy"), "./cmd/workstation-goproxy", to("workstation-goproxy")),
    sumdb: await goBuild(sidecar("sumdb"), "./cmd/workstation-sumdb", to("workstation-sumdb")),
    load: await goBuild(sidecar("goproxy"), "./bench/load", to("load")),
    lookups: await goBuild(path.join(import.meta.dirname, "lookups"), ".", to("lookups")),
    athens: athens ?? (await goBuild(sidecar("athens"), "github.com/gomods/athens/cmd/proxy", to("athens-proxy"))),
  };
}

interface Health {
  ok: boolean;
}

const well = async (admin: string): Promise<boolean> => {
  try {
    const response = await fetch(`http://${admin}/healthz`);
    return ((await response.json()) as Health).ok;
  } catch {
    // Not listening yet.
    return false;
  }
};

export async function startProxy(built: Programs, upstream: UpstreamLab): Promise<ModuleProxy> {
  return await lab(async (cleanup) => {
    const folder = await labFolder(cleanup, "goproxy");
    const own = await certificate(folder, [LOOPBACK, "localhost"]);
    const inside = (name: string) => path.join(folder, name);
    await writeFile(inside("tls.pem"), own.key + own.cert, { mode: 0o600 });
    for (const name of ["storage", "private"]) await mkdir(inside(name), { mode: 0o700 });
    const { stdout: root } = await run("go", ["env", "GOROOT"]);
    const listen = `${LOOPBACK}:${await freePort()}`;
    const admin = `${LOOPBACK}:${await freePort()}`;
    const config = {
      listen,
      admin,
      tls: { pem: inside("tls.pem") },
      auth: { user: "go", password: PASSWORD },
      storage: inside("storage"),
      programs: { athens: built.athens, sumdb: built.sumdb, go: path.join(root.trim(), "bin", "go") },
      // With its address: otherwise the mirror would ask the real database when the lab is cut.
      upstream: { GOPROXY: upstream.url, GOSUMDB: upstream.sumdb() },
      offline: false,
      private: [],
    };
    await writeFile(inside("config.json"), JSON.stringify(config), { mode: 0o600 });
    await writeFile(inside("netrc"), `machine ${listen} login go password ${PASSWORD}\n`, { mode: 0o600 });
    const running: Running = await serve({
      name: "workstation-goproxy",
      argv: [built.gate, "serve", "--config", inside("config.json"), "--runtime", inside("private")],
      ready: () => well(admin),
      within: 60_000,
      logFile: inside("log"),
    });
    cleanup.add(() => running.stop());
    return {
      url: `https://${listen}`,
      ca: own.rootFile,
      netrc: inside("netrc"),
      processes: () => family(running.pid),
      warm: async (lines) => {
        const child = run(built.gate, ["warm", "--config", inside("config.json")], { maxBuffer: 1 << 26 });
        child.child.stdin?.end(lines);
        await child;
      },
      log: () => running.log(),
    };
  });
}

/** A process and all below it, with what they hold in memory. */
async function family(root: number): Promise<{ pid: number; name: string; rssMiB: number }[]> {
  const all = new Map<number, { parent: number; name: string; rssMiB: number }>();
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    // A process may end while we look.
    const status = await readFile(`/proc/${entry}/status`, "utf8").catch(() => "");
    const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1] ?? "";
    if (status !== "") {
      all.set(Number(entry), {
        parent: Number(field("PPid")),
        name: field("Name"),
        rssMiB: Number(field("VmRSS")) / 1024,
      });
    }
  }
  const found: { pid: number; name: string; rssMiB: number }[] = [];
  const queue = [root];
  for (let pid = queue.shift(); pid !== undefined; pid = queue.shift()) {
    const one = all.get(pid);
    if (one !== undefined) found.push({ pid, name: one.name, rssMiB: one.rssMiB });
    const parent = pid;
    for (const [child, entry] of all) if (entry.parent === parent) queue.push(child);
  }
  return found;
}
