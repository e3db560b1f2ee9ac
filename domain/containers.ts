/** What a project's container is, as plain data: names follow the Docker provider's, units are its units. */
import type { ProjectSettings, Settings } from "../config/schema.ts";
import { toCpus, toMiB } from "../config/units.ts";
import { GIT_CONFIG } from "./environment.ts";
import { planFileProxies } from "./file-proxy.ts";
import { KEEP_ALIVE } from "./images.ts";
import {
  CACHES,
  type CacheKind,
  containerName,
  HOME,
  LABEL_CPUS,
  LABEL_DEBUG,
  LABEL_INHERITED,
  networkName,
  type Owner,
  ownLabels,
  sdkFolder,
  USER,
  volumeName,
} from "./names.ts";

export interface Mount {
  type: "bind" | "volume";
  source: string;
  target: string;
  readOnly: boolean;
}

export interface ContainerPlan {
  /** The project's name. */
  project: string;
  name: string;
  goVersion: string;
  /** Folder on this machine. */
  path: string;
  workingDir: string;
  user: string;
  command: string[];
  /** Sorted `NAME=value`. */
  envs: string[];
  labels: Record<string, string>;
  mounts: Mount[];
  ports: { internal: number; external: number; ip: string; protocol: string }[];
  network: string;
  /** Names that lead into its own network. */
  hosts: { host: string; ip: string }[];
  capabilities: { adds: string[]; drops: string[] };
  /** MiB. */
  memory: number;
  memorySwap: number;
  cpus: string | undefined;
  pids: number;
  /** MiB. */
  shmSize: number;
  healthcheck: { tests: string[]; interval: string; timeout: string; startPeriod: string; retries: number };
}

export interface ContainerQuestion {
  stack: string;
  project: ProjectSettings & { name: string };
  defaults: Settings["container"];
  goVersion: string;
  /** Absolute, as found on the machine. */
  path: string;
  owner: Owner;
  /** Tells the owner's volumes from those of others. */
  ownerSuffix: string;
  /** Folder on this machine that is /etc/workstation in the container. */
  etc: string;
  env: Record<string, string>;
  /** Names that lead into its own network. */
  hosts?: readonly { host: string; ip: string }[];
  /** Which of it the machine's own Go settings weaken. */
  weakened: readonly string[];
  /** Folder on this machine with this owner's secret files, and where the container sees it. */
  secrets?: { source: string; target: string };
}

export const ETC = GIT_CONFIG.slice(0, GIT_CONFIG.lastIndexOf("/"));

export const folderName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
export const workspaceFolder = (path: string): string => `/workspaces/${folderName(path)}`;
export const containerResource = (project: string): string => `${project}-container`;

export function planContainer(question: ContainerQuestion): ContainerPlan {
  const { stack, project, defaults, goVersion, path, owner } = question;
  const { env, mounts } = planFileProxies(question.env);
  const memory = toMiB(project.memory ?? defaults.memory);
  const cpus = project.cpus ?? defaults.cpus;
  const debug = project.debug ?? defaults.debug;
  return {
    project: project.name,
    name: containerName(stack, project.name),
    goVersion,
    path,
    workingDir: workspaceFolder(path),
    user: `${owner.uid}:${owner.gid}`,
    command: KEEP_ALIVE,
    envs: Object.entries(env)
      .map(([name, value]) => `${name}=${value}`)
      .sort(),
    labels: planLabels(question),
    mounts: [...planMounts(question), ...mounts],
    ports: project.ports.map((port) => ({
      internal: port.container,
      external: port.host,
      ip: "127.0.0.1",
      protocol: "tcp",
    })),
    network: networkName(stack),
    hosts: [...(question.hosts ?? [])],
    capabilities: { adds: debug ? ["CAP_SYS_PTRACE"] : [], drops: ["ALL"] },
    memory,
    // The same figure: no swap beyond it, so that the limit is the limit.
    memorySwap: memory,
    cpus: cpus === undefined ? undefined : toCpus(cpus),
    pids: project.pids ?? defaults.pids,
    shmSize: 64,
    healthcheck: planHealth(),
  };
}

function planMounts({ stack, path, etc, ownerSuffix, secrets }: ContainerQuestion): Mount[] {
  return [
    { type: "bind", source: path, target: workspaceFolder(path), readOnly: false },
    { type: "bind", source: etc, target: ETC, readOnly: true },
    ...(secrets === undefined ? [] : [{ type: "bind" as const, ...secrets, readOnly: true }]),
    ...(Object.keys(CACHES) as CacheKind[]).map(
      (kind): Mount => ({
        type: "volume",
        source: volumeName(stack, kind, ownerSuffix),
        target: CACHES[kind],
        readOnly: false,
      }),
    ),
  ];
}

/** The labels by which VS Code and the devcontainers command line take this container for the folder's own. */
function planLabels({
  stack,
  project,
  defaults,
  path,
  goVersion,
  weakened,
}: ContainerQuestion): Record<string, string> {
  const metadata = [
    {
      remoteUser: USER,
      updateRemoteUserUID: false,
      customizations: {
        vscode: {
          extensions: ["golang.go"],
          settings: { "go.goroot": sdkFolder(goVersion), "go.toolsManagement.autoUpdate": false },
        },
      },
    },
  ];
  return {
    "devcontainer.config_file": `${path}/.devcontainer/devcontainer.json`,
    "devcontainer.local_folder": path,
    "devcontainer.metadata": JSON.stringify(metadata),
    ...ownLabels(stack, containerResource(project.name)),
    ...((project.debug ?? defaults.debug) ? { [LABEL_DEBUG]: "true" } : {}),
    ...((project.cpus ?? defaults.cpus) === undefined ? { [LABEL_CPUS]: "all" } : {}),
    ...(weakened.length > 0 ? { [LABEL_INHERITED]: weakened.join(",") } : {}),
  };
}

/** Cheap, because it runs for ever: the SDK starts and the caches take files. */
function planHealth(): ContainerPlan["healthcheck"] {
  const writable = Object.values(CACHES).map((folder) => `test -w ${folder}`);
  return {
    tests: ["CMD-SHELL", ["go version >/dev/null", `test -w ${HOME}`, ...writable].join(" && ")],
    // Spelled as Docker's clock prints it, or each refresh would see a change.
    interval: "1m0s",
    timeout: "10s",
    startPeriod: "5s",
    retries: 3,
  };
}
