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
  /** Root certificates that this machine trusts beyond its distribution's own, sorted by fingerprint. */
  trustRoots: TrustRoot[];
  git: GitFacts;
  /** One entry for each folder asked for, in the order asked. */
  projects: ProjectFacts[];
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
}

export interface GoFacts {
  /** Path of `go`; empty when there is none. */
  path: string;
  /** Such as `1.26.8`; empty when there is no Go. */
  version: string;
  /** What `go env` says of the settings that a container inherits: GOPROXY, GOSUMDB, GOPRIVATE, GONOPROXY, GONOSUMDB, GOINSECURE, GOVCS. Empty values are left out. */
  env: Record<string, string>;
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
}
