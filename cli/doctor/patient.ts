/** What the checks look at. An interface, so that tests hand them a machine of their own. */
import { readFileSync, statfsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import type { LoadedSettings } from "../../config/load.ts";
import type { Facts } from "../../domain/facts.ts";
import type { GoHostPlan } from "../../domain/go-host/plan.ts";
import { type Plan, planStack } from "../../domain/plan.ts";
import { type ProjectContainer, projectContainers } from "../containers.ts";
import { type Context, chosenStack } from "../context.ts";
import { openDocker } from "../docker.ts";
import { messageOf } from "../errors.ts";
import { listStack } from "../observe.ts";
import { busyPorts, type WantedPort } from "../ports.ts";
import { run } from "../process.ts";
import { readLast } from "../schedule/last.ts";
import { readTimer } from "../schedule/record.ts";
import { gatherFacts, loadSettings } from "../settings.ts";
import { engineHome, findBackend } from "../setup/state.ts";
import { inspectToolchain, type Toolchain } from "../setup/toolchain.ts";
import type { Schedule } from "./timer.ts";
import type { Proof } from "./trust-proof.ts";

export interface DockerInfo {
  ServerVersion: string;
  OSType: string;
  Architecture: string;
  CgroupVersion?: string;
  MemoryLimit?: boolean;
  CpuCfsQuota?: boolean;
  PidsLimit?: boolean;
  DockerRootDir: string;
}

export interface Patient {
  root: string;
  nodeVersion: string;
  env: NodeJS.ProcessEnv;
  stack: string | undefined;
  /** Or why they cannot be read. */
  settings: LoadedSettings | string | undefined;
  stateDir: string;
  backend: string;
  toolchain: Toolchain | undefined;
  facts: () => Promise<Facts>;
  dockerInfo: () => Promise<DockerInfo>;
  containers: () => Promise<ProjectContainer[]>;
  /** Permission bits; undefined when it is not there. */
  mode: (path: string) => number | undefined;
  /** Text of a file; undefined when it is not there or not readable. */
  read: (path: string) => string | undefined;
  /** What the settings come to; undefined when they cannot be read. */
  plan: () => Promise<Plan | undefined>;
  schedule: () => Schedule;
  /** Tries every TLS client of the machine against a server with a test root; see trust-proof.ts. */
  proveTrust: (bundle: string) => Promise<Proof | undefined>;
  /** What is wrong with Go outside containers; see go-faults.ts. */
  goFaults: (plan: GoHostPlan, deep: boolean) => Promise<string[]>;
  /** Bytes free where a path is; undefined when it is not there. */
  free: (path: string) => number | undefined;
  busyPorts: (settings: LoadedSettings) => Promise<WantedPort[]>;
  inContainer: (container: string, script: string) => Promise<{ code: number; output: string }>;
}

export async function openDoctor(context: Context): Promise<Patient> {
  const docker = openDocker(context.env);
  const stack = chosenStack(context);
  const settings = stack === undefined ? undefined : settingsOrReason(context, stack);
  const pulumiHome = engineHome(context.env);
  const toolchain = await inspectToolchain({ cacheDir: context.cacheDir, pulumiHome, env: context.env });
  const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
    let made: Promise<T> | undefined;
    return () => {
      made ??= make();
      return made;
    };
  };
  const facts = once(async () => {
    if (settings === undefined || typeof settings === "string") throw new Error("the settings cannot be read");
    return await gatherFacts(context, settings, { clock: true });
  });
  return {
    root: context.root,
    nodeVersion: process.versions.node,
    env: context.env,
    stack,
    settings,
    stateDir: context.stateDir,
    backend: findBackend(context.env, context.stateDir).url,
    toolchain,
    facts,
    plan: once(async () =>
      stack === undefined || settings === undefined || typeof settings === "string"
        ? undefined
        : planStack(stack, settings, await facts(), { root: context.root, home: homedir() }),
    ),
    schedule: () => ({
      timer: stack === undefined ? undefined : readTimer(context.stateDir, stack),
      last: stack === undefined ? undefined : readLast(context.stateDir, stack),
      now: Date.now(),
    }),
    proveTrust: async (bundle) => await (await import("./trust-proof.ts")).proveTrust(bundle, context.env),
    goFaults: async (wanted, deep) => {
      const [{ goFaults }, { machineHost }] = await Promise.all([
        import("./go-faults.ts"),
        import("../../provider/host.ts"),
      ]);
      return await goFaults(machineHost({ env: context.env }), wanted, deep);
    },
    read: (path) => {
      try {
        return readFileSync(path, "utf8");
      } catch {
        return undefined;
      }
    },
    dockerInfo: once(async () => {
      const info = await docker.get<DockerInfo>("/info", 10_000);
      if (info === undefined) throw new Error("the daemon does not say what it is");
      return info;
    }),
    containers: once(async () =>
      stack === undefined ? [] : (await projectContainers({ docker, stack })).filter(({ sidecar }) => !sidecar),
    ),
    mode: (path) => {
      try {
        return statSync(path).mode & 0o777;
      } catch {
        return undefined;
      }
    },
    free: (path) => {
      try {
        const found = statfsSync(path);
        return found.bavail * found.bsize;
      } catch {
        return undefined;
      }
    },
    busyPorts: async (wanted) => {
      const ours =
        stack === undefined
          ? []
          : await listStack(docker, stack).then(
              (it) => it.containers,
              () => [],
            );
      return await busyPorts(wanted, ours);
    },
    inContainer: async (container, script) => {
      const result = await run("docker", ["exec", container, "/bin/sh", "-c", script], { env: context.env });
      return { code: result.code, output: (result.stdout + result.stderr).trim() };
    },
  };
}

function settingsOrReason(context: Context, stack: string): LoadedSettings | string {
  try {
    return loadSettings(context, stack);
  } catch (error) {
    return messageOf(error);
  }
}
