/**
 * What is true of this machine, as answered once by the provider's `facts` invoke. Components read machines only
 * through this record, so that everything is known at preview and a test fakes a machine by answering the invoke.
 */
export interface Facts {
  system: SystemFacts;
  user: UserFacts;
  docker: DockerFacts;
  go: GoFacts;
  /** HTTP(S)_PROXY, NO_PROXY (both spellings folded to upper case), only those that are set. */
  proxy: Record<string, string>;
  /** The calling shell has these from the file that an earlier run wrote, not from its person. Absent where no shell called. */
  proxyIsOurs?: boolean;
  /** Root certificates that this machine trusts beyond its distribution's own and ours, sorted by fingerprint. */
  trustRoots: TrustRoot[];
  git: GitFacts;
  /** One entry for each folder asked for, in the order asked. */
  projects: ProjectFacts[];
  machine: MachineFacts;
  wsl: WslFacts;
  /** What Windows says; nothing but `reachable: false` where it was not asked or is not there. */
  windows: WindowsFacts;
  /** Only when asked for: it is never the same twice. */
  clock?: ClockFacts;
  /** One entry for each file of certificates asked for, in the order asked. */
  rootFiles: RootFile[];
  /** Fingerprints of the distribution's own roots, sorted; empty where nothing is to be compared with them. */
  distributionRoots: string[];
  /** What runs against what is written: no part of what decides whether the engine has anything to do. */
  running: RunningFacts;
}

export interface RootFile {
  path: string;
  roots: WindowsRoot[];
  /** Why it cannot be taken as it is, such as "does not exist"; empty when it can. */
  problem: string;
}

export interface RunningFacts {
  /** When the Docker daemon of this system started (ISO 8601); empty where that cannot be told. */
  dockerdStarted: string;
  /** When a root was last added to or removed from this system's trust store. */
  trustChanged: string;
}

/** What runs now, on WSL and on plain Linux alike. */
export interface MachineFacts {
  /** The first process. */
  init: "systemd" | "other";
  cgroup: CgroupFacts;
  /** Mounts of Windows drives (9p, drvfs, virtiofs), sorted by target. */
  mounts: MountFacts[];
  /** /proc/cmdline. */
  kernelCommandLine: string;
  gpu: GpuFacts;
  /** MemTotal and SwapTotal in bytes; 0 when not known, and outside WSL, where nothing is compared with them. */
  memory: number;
  swap: number;
  /** Processors that are online; 0 as with memory. */
  processors: number;
  hostname: string;
}

export interface CgroupFacts {
  /** File system type at /sys/fs/cgroup, such as `cgroup2` or `tmpfs`; empty when nothing is mounted there. */
  filesystem: string;
  /** Of /sys/fs/cgroup/cgroup.controllers; empty for version 1. */
  controllers: string[];
  /** `memory.min` is there in a child of the root cgroup. */
  memoryMin: boolean;
  /** What systemd runs with; empty without systemd. */
  hierarchy: "unified" | "hybrid" | "legacy" | "";
}

export interface MountFacts {
  source: string;
  target: string;
  type: string;
  options: string[];
}

export interface GpuFacts {
  /** /dev/dxg is there: WSL passes a GPU through. */
  dxg: boolean;
  /** Driver version of /proc/driver/nvidia or nvidia-smi; empty when there is none. */
  driver: string;
}

export interface WslFacts {
  /** Of WSL itself, such as `2.3.26.0`; empty outside WSL. */
  version: string;
  /** WSL_DISTRO_NAME; empty outside. */
  distribution: string;
  /** Windows programs can be started from here. */
  interop: boolean;
  /** Such as `nat` or `mirrored`, as it runs; empty when not known. */
  networkingMode: string;
  /** User of new shells, told by the owner that WSL gives to Windows drives; empty when not known. */
  defaultUser: string;
  /** Values below HKLM\Software\Policies\WSL, by name; empty when none is set or they cannot be read. */
  policy: Record<string, string>;
}

export interface WindowsFacts {
  /** There is an answer: of now, or the last one when `asOf` says so. */
  reachable: boolean;
  /** Why it could not be asked; empty when it could, or when it was not. */
  error: string;
  /** Day of the answer (ISO 8601), when Windows cannot be asked now and this is what it said last. */
  asOf?: string;
  /** Windows build such as 22631; absent when not told. */
  build?: number;
  /** As `WslFacts.policy`; absent when not told. */
  policy?: Record<string, string>;
  /** The user's profile as this system sees it, such as `/mnt/c/Users/ada`; empty when not known. */
  profile: string;
  /** All of `LocalMachine\Root`, unfiltered, in the order told. */
  roots: WindowsRoot[];
  /** Windows zone id, such as `China Standard Time`. */
  timezone: string;
  proxy: WindowsProxy;
  /** One line for each certificate that cannot be read: which, and why. Absent when all can. */
  unreadable?: string[];
}

export interface WindowsRoot {
  /** SHA-256 over the DER, lower-case hexadecimal. */
  fingerprint: string;
  subject: string;
  /** ISO 8601. */
  notAfter: string;
  /** Windows takes it for server authentication (no restriction, or one that names it). */
  serverAuth: boolean;
  /** It stands in the Disallowed store too. */
  disallowed: boolean;
  /** Absent: not yet. */
  expired?: boolean;
  /** False: it may not sign other certificates. */
  ca?: boolean;
  pem: string;
}

/** Empty text: none. */
export interface WindowsProxy {
  http: string;
  https: string;
  /** As Windows has it, such as `*.corp.example;<local>`. */
  bypass: string;
  /** Address of a PAC script, which Linux programs do not read. */
  pac: string;
}

export interface ClockFacts {
  /** Seconds that this system is ahead of the reference; negative when behind. */
  offsetSeconds: number;
  /** What it was compared with, such as `windows` or `rtc`; empty when nothing could be asked. */
  source: string;
}

export interface SystemFacts {
  kind: "linux" | "wsl";
  /** `ID` of os-release, such as `debian`. */
  distribution: string;
  /** `VERSION_CODENAME` of os-release, such as `bookworm`; empty when there is none. */
  codename: string;
  arch: Arch;
}

/** Go's and Docker's name of the processor. */
export type Arch = "amd64" | "arm64";

export interface UserFacts {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

export interface DockerFacts {
  reachable: boolean;
  /** Why it is not reachable; empty when it is. */
  error: string;
  flavour: "engine" | "desktop" | "unknown";
  /** Engine version such as `20.10.24`; empty when not reachable. */
  version: string;
  /** As in `docker info`: `linux/x86_64`. Empty when not reachable. */
  platform: string;
  /** Address of the daemon, such as `unix:///var/run/docker.sock`. */
  host: string;
  cgroupVersion: "1" | "2" | "";
  /** Containers go on while the daemon restarts. Absent when not reachable. */
  liveRestore?: boolean;
  /** What the daemon itself runs with, as it says: passwords hidden. Absent when not reachable. */
  proxy?: { http: string; https: string; noProxy: string };
}

export interface GoFacts {
  /** Path of `go`; empty when there is none. */
  path: string;
  /** Such as `1.26.8`; empty when there is no Go. */
  version: string;
  /** What `go env` says of the settings that a container inherits: GOPROXY, GOSUMDB, GOPRIVATE, GONOPROXY, GONOSUMDB, GOINSECURE, GOVCS. Empty values are left out. */
  env: Record<string, string>;
  /** What a person has set of the variables that decide how Go builds, and where; those that are not set are left out. */
  settings?: Record<string, { value: string; from: "environment" | "go env -w" }>;
  /** Folder of the SDK that `path` belongs to; absent when it is not known. */
  root?: string;
  /** GOTOOLCHAIN in force: what a person has set, else the SDK's own default. Absent when not known, and before Go 1.21. */
  toolchain?: string;
}

export interface TrustRoot {
  /** SHA-256 over the DER, lower-case hexadecimal. */
  fingerprint: string;
  subject: string;
  pem: string;
}

export interface GitFacts {
  /** `git config --global user.name` and `user.email`; empty when unset. */
  name: string;
  email: string;
}

export interface ProjectFacts {
  /** Absolute, symbolic links resolved. As asked for when it does not exist. */
  path: string;
  exists: boolean;
  uid: number;
  gid: number;
  /** `go` and `toolchain` lines of its go.mod; empty when there is none. */
  goVersion: string;
  toolchain: string;
  /** SHA-256 over names and contents of the files that git would track there, at most 2,000 files; empty when not asked for or more. */
  digest: string;
}

/** Arguments of the `facts` invoke. */
export interface FactsArgs {
  projects: { path: string; digest: boolean }[];
  /** Ask Windows for its roots, time zone and proxy, which takes it a second. Default false. */
  windows?: boolean;
  /** Compare the clock. Default false. */
  clock?: boolean;
  /** Files of certificates to read, as absolute paths. Default none. */
  rootFiles?: string[];
}
