/** Module proxies as processes of this machine: the gate, Athens and the checksum mirror as a container of the product runs them. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { GateConfig } from "../../../domain/go-proxy/gate-config.ts";
import { athensProgram } from "../../../domain/go-proxy/plan.ts";
import type { GoProgram } from "../../../domain/recipe.ts";
import { SIDECAR_GO, sidecarProgram } from "../../../domain/sidecar.ts";
import { sourcesDigest } from "../../../provider/go/program-cache.ts";
import { programHere } from "../../../provider/go/program-here.ts";
import { machineHost } from "../../../provider/host.ts";
import { certificate } from "../../labs/certificate.ts";
import { lab } from "../../labs/cleanup.ts";
import { freePort, LOOPBACK, labFolder, type Running, serve } from "../../labs/server.ts";
import type { Result } from "./workbench.ts";

const run = promisify(execFile);
const repository = join(__dirname, "..", "..", "..");

export interface GatePrograms {
  gate: string;
  athens: string;
  sumdb: string;
  go: string;
}

/** From the product's own cache, so that only an edit is built again. */
export async function gatePrograms(): Promise<GatePrograms> {
  const host = machineHost();
  const built = async (program: GoProgram): Promise<string> => {
    const digest = await sourcesDigest(program.module);
    return await programHere(host, { ...program, digest }, SIDECAR_GO, () => undefined);
  };
  const gate = await built(sidecarProgram(repository, "goproxy"));
  const athens = await built(athensProgram(repository));
  const sumdb = await built(sidecarProgram(repository, "sumdb"));
  return { gate, athens, sumdb, go: (await run("go", ["env", "GOROOT"])).stdout.trim().concat("/bin/go") };
}

export interface GateLab {
  /** `https://127.0.0.1:PORT` */
  url: string;
  config: GateConfig;
  /** `go mod download -json` with an empty module cache, in a folder with that go.sum where one is given. */
  download(modules: readonly string[], goSum?: string): Promise<Result>;
  /** Of the team's servers, as `health` reports them; empty when all is well. */
  warnings(): Promise<string[]>;
  /** Ends it, `SIGKILL` without a chance to clean up. */
  end(signal?: NodeJS.Signals): Promise<void>;
  begin(): Promise<void>;
  /** Only while it is ended. */
  wipe(): Promise<void>;
  log(): Promise<string>;
  stop(): Promise<void>;
}

export interface GateOptions {
  programs: GatePrograms;
  upstream: Record<string, string>;
  shared: GateConfig["shared"];
  /** Such as `30s`. */
  fetchTimeout: string;
  /** Its storage is a disk of this size, such as `8m`, which is lost when it ends: needs root. */
  disk?: string;
}

/** Runs what follows with a file system of its own, which nobody else sees. */
const onDisk = (size: string, folder: string): [string, ...string[]] => [
  "unshare",
  ...["--mount", "sh", "-c", `mkdir -p "$0" && mount -t tmpfs -o size=${size} tmpfs "$0" && exec "$@"`, folder],
];

const PASSWORD = "password-of-a-developer";

export async function startGate({ programs, upstream, shared, fetchTimeout, disk }: GateOptions): Promise<GateLab> {
  return await lab(async (cleanup) => {
    const folder = await labFolder(cleanup, "gate");
    const { cert, key, rootFile } = await certificate(folder, [LOOPBACK]);
    const [port, admin] = [await freePort(), await freePort()];
    const url = `https://${LOOPBACK}:${port}`;
    const config: GateConfig = {
      listen: `${LOOPBACK}:${port}`,
      admin: `${LOOPBACK}:${admin}`,
      tls: { pem: join(folder, "tls.pem") },
      auth: { user: "go", password: PASSWORD },
      storage: join(folder, "storage"),
      programs: { athens: programs.athens, sumdb: programs.sumdb, go: programs.go },
      upstream,
      offline: false,
      private: [],
      ...(shared === undefined ? {} : { shared }),
    };
    await writeFile(config.tls.pem, key + cert, { mode: 0o600 });
    await writeFile(join(folder, "netrc"), `machine ${LOOPBACK}:${port} login go password ${PASSWORD}\n`);
    await mkdir(join(folder, "runtime"), { mode: 0o700 });
    const files = { config: join(folder, "config.json"), log: join(folder, "log") };

    const health = async (kind: "problems" | "warnings"): Promise<string[]> => {
      const answer = await fetch(`http://${config.admin}/healthz`);
      return ((await answer.json()) as Record<typeof kind, string[]>)[kind];
    };
    const serving = async (): Promise<boolean> => {
      try {
        return !(await health("problems")).some((problem) => problem.startsWith("starting: "));
      } catch {
        // It does not listen yet.
        return false;
      }
    };
    const begin = async (): Promise<Running> => {
      await writeFile(files.config, JSON.stringify(config), { mode: 0o600 });
      const flags = ["--config", files.config, "--runtime", join(folder, "runtime"), "--fetch-timeout", fetchTimeout];
      return await serve({
        name: "workstation-goproxy",
        argv:
          disk === undefined
            ? [programs.gate, "serve", ...flags]
            : [...onDisk(disk, config.storage), programs.gate, "serve", ...flags],
        env: { PATH: process.env.PATH, SSL_CERT_FILE: process.env.SSL_CERT_FILE },
        ready: serving,
        logFile: files.log,
      });
    };
    let running = await begin();
    cleanup.add(() => running.stop());

    const download = async (modules: readonly string[], goSum?: string): Promise<Result> => {
      const work = await mkdtemp(join(tmpdir(), "gows-client-"));
      if (goSum !== undefined) {
        await writeFile(join(work, "go.mod"), "module example.com/client\n\ngo 1.22\n");
        await writeFile(join(work, "go.sum"), goSum);
      }
      // The go command leaves a process behind that still writes counters to the home folder: it outlives this download.
      const home = join(folder, "home");
      const env = {
        ...{ PATH: process.env.PATH, HOME: home, GOENV: "off", GOTOOLCHAIN: "local", GOFLAGS: "-modcacherw" },
        ...{ GOPATH: join(work, "go"), GOPROXY: url, GONOPROXY: "none", GONOSUMDB: config.upstream.GONOSUMDB },
        ...{ GOSUMDB: "sum.golang.org", NETRC: join(folder, "netrc"), SSL_CERT_FILE: rootFile },
      };
      try {
        const args = ["mod", "download", "-json", ...modules];
        const { stdout, stderr } = await run(programs.go, args, { cwd: work, env });
        return { code: 0, stdout, stderr };
      } catch (error) {
        const { code, stdout, stderr } = error as { code?: number; stdout?: string; stderr?: string };
        if (typeof code !== "number") throw error;
        return { code, stdout: stdout ?? "", stderr: stderr ?? "" };
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    };
    return {
      url,
      config,
      download,
      warnings: () => health("warnings"),
      end: (signal) => running.stop(signal),
      begin: async () => {
        running = await begin();
      },
      wipe: () => rm(config.storage, { recursive: true }),
      log: () => readFile(files.log, "utf8"),
    };
  });
}
