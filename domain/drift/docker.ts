/**
 * Docker objects as declared, against `docker inspect`: names of the properties that differ. The upstream provider never
 * reads labels and environment back, and its refresh waits in loops; this compares all that we declare, at once. What
 * Docker adds by itself (the image's environment and labels, a host name, default paths) is no difference.
 */

export interface LabelInput {
  label: string;
  value: string;
}

/** Inputs of `docker:index/container:Container` in the state, as far as this project sets them. */
export interface ContainerInputs {
  name?: string;
  image?: string;
  hostname?: string;
  command?: string[];
  user?: string;
  workingDir?: string;
  envs?: string[];
  labels?: LabelInput[];
  mounts?: { type: string; source?: string; target: string; readOnly?: boolean }[];
  ports?: { internal: number; external?: number; ip?: string; protocol?: string }[];
  networkMode?: string;
  hosts?: { host: string; ip: string }[];
  networksAdvanced?: { name: string; aliases?: string[] }[];
  capabilities?: { adds?: string[]; drops?: string[] };
  securityOpts?: string[];
  privileged?: boolean;
  init?: boolean;
  memory?: number;
  memorySwap?: number;
  cpus?: string;
  ulimits?: { name: string; soft: number; hard: number }[];
  shmSize?: number;
  logDriver?: string;
  logOpts?: Record<string, string>;
  restart?: string;
  healthcheck?: { tests?: string[]; interval?: string; timeout?: string; startPeriod?: string; retries?: number };
  stopTimeout?: number;
  readOnly?: boolean;
  tmpfs?: Record<string, string>;
  mustRun?: boolean;
}

/** The part of `GET /containers/ID/json` that is looked at. */
export interface ContainerInspect {
  Id: string;
  Name: string;
  Image: string;
  State: { Running: boolean; Paused?: boolean };
  Config: {
    Image: string;
    Hostname?: string;
    User?: string;
    Env?: string[] | null;
    Cmd?: string[] | null;
    WorkingDir?: string;
    Labels?: Record<string, string> | null;
    StopTimeout?: number | null;
    Healthcheck?: {
      Test?: string[];
      Interval?: number;
      Timeout?: number;
      StartPeriod?: number;
      Retries?: number;
    } | null;
  };
  HostConfig: {
    NetworkMode?: string;
    ExtraHosts?: string[] | null;
    PortBindings?: Record<string, { HostIp?: string; HostPort?: string }[] | null> | null;
    Binds?: string[] | null;
    Mounts?: { Type: string; Source?: string; Target: string; ReadOnly?: boolean }[] | null;
    CapAdd?: string[] | null;
    CapDrop?: string[] | null;
    SecurityOpt?: string[] | null;
    Privileged?: boolean;
    Init?: boolean | null;
    Memory?: number;
    MemorySwap?: number;
    NanoCpus?: number;
    Ulimits?: { Name: string; Soft: number; Hard: number }[] | null;
    ShmSize?: number;
    LogConfig?: { Type?: string; Config?: Record<string, string> | null };
    RestartPolicy?: { Name?: string };
    ReadonlyRootfs?: boolean;
    Tmpfs?: Record<string, string> | null;
  };
  NetworkSettings?: { Networks?: Record<string, { Aliases?: string[] | null }> | null };
}

const MIB = 1024 ** 2;

/** `id` is the state's: a container that somebody put in the place of ours is a change, however alike it looks. */
export function compareContainer(id: string | undefined, inputs: ContainerInputs, found: ContainerInspect): string[] {
  const { Config: config, HostConfig: host } = found;
  const health = inputs.healthcheck;
  const differs: Record<string, boolean> = {
    id: id !== undefined && id !== found.Id,
    name: unlike(inputs.name, found.Name.replace(/^\//, "")),
    image: unlike(inputs.image, inputs.image?.startsWith("sha256:") ? found.Image : config.Image),
    command: unlike(inputs.command, config.Cmd ?? []),
    hostname: unlike(inputs.hostname, config.Hostname ?? ""),
    user: unlike(inputs.user, config.User ?? ""),
    workingDir: unlike(inputs.workingDir, config.WorkingDir ?? ""),
    envs: lacks(inputs.envs, config.Env),
    labels: lacksLabels(inputs.labels, config.Labels),
    mounts: unlikeSet(wantedMounts(inputs), foundMounts(host)),
    ports: unlikeSet(wantedPorts(inputs), foundPorts(host)),
    networkMode: unlike(inputs.networkMode, host.NetworkMode),
    networks: networksDiffer(inputs, found),
    hosts: unlikeSet(
      (inputs.hosts ?? []).map(({ host: name, ip }) => `${name}:${ip}`),
      host.ExtraHosts ?? [],
    ),
    capabilities:
      unlikeSet((inputs.capabilities?.adds ?? []).map(capability), (host.CapAdd ?? []).map(capability)) ||
      unlikeSet((inputs.capabilities?.drops ?? []).map(capability), (host.CapDrop ?? []).map(capability)),
    securityOpts: inputs.securityOpts !== undefined && unlikeSet(inputs.securityOpts, host.SecurityOpt ?? []),
    privileged: (inputs.privileged ?? false) !== (host.Privileged ?? false),
    init: unlike(inputs.init, host.Init ?? false),
    memory: unlike(inputs.memory, (host.Memory ?? 0) / MIB),
    memorySwap: unlike(inputs.memorySwap, (host.MemorySwap ?? 0) / MIB),
    cpus: (inputs.cpus === undefined ? 0 : Number(inputs.cpus)) !== (host.NanoCpus ?? 0) / 1e9,
    ulimits: unlikeSet(
      (inputs.ulimits ?? []).map(({ name, soft, hard }) => `${name} ${soft} ${hard}`),
      (host.Ulimits ?? []).map(({ Name, Soft, Hard }) => `${Name} ${Soft} ${Hard}`),
    ),
    shmSize: unlike(inputs.shmSize, (host.ShmSize ?? 0) / MIB),
    logDriver: unlike(inputs.logDriver, host.LogConfig?.Type),
    logOpts: inputs.logOpts !== undefined && unlikeRecord(inputs.logOpts, host.LogConfig?.Config ?? {}),
    restart: unlike(inputs.restart, host.RestartPolicy?.Name),
    healthcheck:
      health !== undefined &&
      (unlike(health.tests, config.Healthcheck?.Test) ||
        unlike(health.retries, config.Healthcheck?.Retries ?? 0) ||
        unlike(nanoseconds(health.interval), config.Healthcheck?.Interval ?? 0) ||
        unlike(nanoseconds(health.timeout), config.Healthcheck?.Timeout ?? 0) ||
        unlike(nanoseconds(health.startPeriod), config.Healthcheck?.StartPeriod ?? 0)),
    stopTimeout: unlike(inputs.stopTimeout, config.StopTimeout ?? undefined),
    readOnly: (inputs.readOnly ?? false) !== (host.ReadonlyRootfs ?? false),
    tmpfs: unlikeSet(pairs(inputs.tmpfs), pairs(host.Tmpfs)),
    running: inputs.mustRun !== false && (!found.State.Running || found.State.Paused === true),
  };
  return Object.keys(differs)
    .filter((field) => differs[field])
    .sort();
}

const pairs = (record: Record<string, string> | null | undefined): string[] =>
  Object.entries(record ?? {}).map(([key, value]) => `${key} ${value}`);

export interface VolumeInputs {
  name?: string;
  driver?: string;
  labels?: LabelInput[];
}

export interface VolumeInspect {
  Name: string;
  Driver: string;
  Labels?: Record<string, string> | null;
}

export function compareVolume(inputs: VolumeInputs, found: VolumeInspect): string[] {
  return fields({
    driver: unlike(inputs.driver, found.Driver),
    labels: lacksLabels(inputs.labels, found.Labels),
    name: unlike(inputs.name, found.Name),
  });
}

export interface NetworkInputs {
  name?: string;
  driver?: string;
  internal?: boolean;
  labels?: LabelInput[];
}

export interface NetworkInspect {
  Id: string;
  Name: string;
  Driver: string;
  Internal?: boolean;
  Labels?: Record<string, string> | null;
}

export function compareNetwork(id: string | undefined, inputs: NetworkInputs, found: NetworkInspect): string[] {
  return fields({
    driver: unlike(inputs.driver, found.Driver),
    id: id !== undefined && id !== found.Id,
    internal: (inputs.internal ?? false) !== (found.Internal ?? false),
    labels: lacksLabels(inputs.labels, found.Labels),
    name: unlike(inputs.name, found.Name),
  });
}

/** Outputs of `workstation:index:LocalImage` in the state. */
export interface ImageOutputs {
  reference: string;
  imageId: string;
}

export interface ImageInspect {
  Id: string;
  RepoTags?: string[] | null;
}

/** `found` is what the reference names now, or what the id names when nothing has the reference any more. */
export function compareImage(outputs: ImageOutputs, found: ImageInspect): string[] {
  return fields({
    imageId: outputs.imageId !== found.Id,
    reference: !(found.RepoTags ?? []).includes(outputs.reference),
  });
}

const fields = (differs: Record<string, boolean>): string[] => Object.keys(differs).filter((field) => differs[field]);

/** Not declared is not compared. */
function unlike(wanted: unknown, found: unknown): boolean {
  return wanted !== undefined && JSON.stringify(wanted) !== JSON.stringify(found);
}

const unlikeSet = (wanted: readonly string[], found: readonly string[]): boolean =>
  JSON.stringify([...wanted].sort()) !== JSON.stringify([...found].sort());

const unlikeRecord = (wanted: Record<string, string>, found: Record<string, string>): boolean =>
  unlikeSet(
    Object.entries(wanted).map(([key, value]) => `${key}=${value}`),
    Object.entries(found).map(([key, value]) => `${key}=${value}`),
  );

const lacks = (wanted: readonly string[] | undefined, found: readonly string[] | null | undefined): boolean =>
  (wanted ?? []).some((entry) => !(found ?? []).includes(entry));

const lacksLabels = (
  wanted: readonly LabelInput[] | undefined,
  found: Record<string, string> | null | undefined,
): boolean => (wanted ?? []).some(({ label, value }) => found?.[label] !== value);

/** Docker takes `SYS_PTRACE` and stores `CAP_SYS_PTRACE`. */
const capability = (name: string): string => (name === "ALL" ? name : `CAP_${name.replace(/^CAP_/, "")}`);

const wantedMounts = ({ mounts }: ContainerInputs): string[] =>
  (mounts ?? []).map((mount) =>
    JSON.stringify([mount.type, mount.source ?? "", mount.target, mount.readOnly ?? false]),
  );

/** `docker run -v` lands in Binds, `--mount` in Mounts; both were asked for by somebody. Volumes of the image are in neither. */
function foundMounts({ Mounts, Binds }: ContainerInspect["HostConfig"]): string[] {
  const mounts = (Mounts ?? []).map((mount) =>
    JSON.stringify([mount.Type, mount.Source ?? "", mount.Target, mount.ReadOnly ?? false]),
  );
  return [...mounts, ...(Binds ?? [])];
}

const wantedPorts = ({ ports }: ContainerInputs): string[] =>
  (ports ?? []).map(
    (port) => `${port.ip ?? "0.0.0.0"}:${port.external ?? ""}:${port.internal}/${port.protocol ?? "tcp"}`,
  );

const foundPorts = ({ PortBindings }: ContainerInspect["HostConfig"]): string[] =>
  Object.entries(PortBindings ?? {}).flatMap(([inside, bindings]) =>
    (bindings ?? []).map((binding) => `${binding.HostIp || "0.0.0.0"}:${binding.HostPort ?? ""}:${inside}`),
  );

/** A container of ours is on its own network and no other: `docker network connect` opens a way past that. */
function networksDiffer(
  { networkMode, networksAdvanced }: ContainerInputs,
  { NetworkSettings }: ContainerInspect,
): boolean {
  const wanted = networksAdvanced?.map(({ name }) => name) ?? (networkMode === undefined ? [] : [networkMode]);
  const networks = NetworkSettings?.Networks ?? {};
  if (wanted.length === 0) return false;
  // It has none of its own: what the other container is connected to is judged there.
  if (networkMode?.startsWith("container:")) return Object.keys(networks).length > 0;
  if (unlikeSet(wanted, Object.keys(networks))) return true;
  return (networksAdvanced ?? []).some(({ name, aliases }) => lacks(aliases, networks[name]?.Aliases));
}

const UNITS: Record<string, number> = { h: 3600e9, m: 60e9, s: 1e9, ms: 1e6, us: 1e3, ns: 1 };

/** Go's spelling of a duration, such as `1m0s`. */
export function nanoseconds(duration: string | undefined): number | undefined {
  if (duration === undefined) return undefined;
  let total = 0;
  for (const [, count, unit] of duration.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)/g)) {
    total += Number(count) * (UNITS[unit as string] as number);
  }
  return total;
}
