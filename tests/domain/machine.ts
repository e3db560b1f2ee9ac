/** A machine as facts: what tests of plans and components start from. */
import type { Facts, ProjectFacts } from "../../domain/facts.ts";

export const folder = (path: string, changes: Partial<ProjectFacts> = {}): ProjectFacts => ({
  path,
  exists: true,
  uid: 1000,
  gid: 1000,
  goVersion: "1.22",
  toolchain: "",
  digest: "",
  ...changes,
});

export function machine(projects: ProjectFacts[] = [], changes: Partial<Facts> = {}): Facts {
  return {
    system: { kind: "linux", distribution: "debian", codename: "bookworm", arch: "amd64" },
    user: { name: "ada", uid: 1000, gid: 1000, home: "/home/ada" },
    docker: {
      reachable: true,
      error: "",
      flavour: "engine",
      version: "20.10.24",
      platform: "linux/x86_64",
      host: "unix:///var/run/docker.sock",
      cgroupVersion: "1",
    },
    go: { path: "/usr/bin/go", version: "1.26.8", env: {} },
    proxy: {},
    trustRoots: [],
    rootFiles: [],
    distributionRoots: [],
    running: { dockerdStarted: "", trustChanged: "" },
    git: { name: "Ada", email: "ada@example.org" },
    projects,
    machine: {
      init: "systemd",
      cgroup: { filesystem: "cgroup2", controllers: ["cpu", "memory", "pids"], memoryMin: true, hierarchy: "unified" },
      mounts: [],
      kernelCommandLine: "",
      gpu: { dxg: false, driver: "" },
      memory: 16 * 2 ** 30,
      swap: 4 * 2 ** 30,
      processors: 8,
      hostname: "devbox",
    },
    wsl: { version: "", distribution: "", interop: false, networkingMode: "", defaultUser: "", policy: {} },
    windows: {
      reachable: false,
      error: "",
      profile: "",
      roots: [],
      timezone: "",
      proxy: { http: "", https: "", bypass: "", pac: "" },
    },
    ...changes,
  };
}

/** The same as a WSL machine with Windows 11, everything as the product's defaults want it to run. */
export function wslMachine(projects: ProjectFacts[] = [], changes: Partial<Facts> = {}): Facts {
  const plain = machine(projects);
  return {
    ...plain,
    system: { ...plain.system, kind: "wsl" },
    machine: {
      ...plain.machine,
      mounts: [windowsDrive("c")],
      kernelCommandLine: "initrd=\\initrd.img WSL_ROOT_INIT=1 panic=-1 nr_cpus=8 console=hvc0",
    },
    wsl: {
      version: "2.3.26.0",
      distribution: "Debian",
      interop: true,
      networkingMode: "nat",
      defaultUser: "ada",
      policy: {},
    },
    windows: { ...plain.windows, reachable: true, build: 22631, profile: "/mnt/c/Users/ada" },
    ...changes,
  };
}

export const windowsDrive = (
  letter: string,
  options = ["metadata", "uid=1000", "gid=1000", "umask=022"],
  root = "/mnt/",
): Facts["machine"]["mounts"][number] => ({
  source: `${letter.toUpperCase()}:\\`,
  target: `${root}${letter}`,
  type: "9p",
  options: ["rw", "noatime", "aname=drvfs", `path=${letter.toUpperCase()}:\\`, ...options, `symlinkroot=${root}`],
});
