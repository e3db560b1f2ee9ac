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
    git: { name: "Ada", email: "ada@example.org" },
    projects,
    machine: {
      init: "systemd",
      cgroup: { filesystem: "cgroup2", controllers: ["cpu", "memory", "pids"], memoryMin: true, hierarchy: "unified" },
      mounts: [],
      kernelCommandLine: "",
      gpu: { dxg: false, driver: "" },
    },
    wsl: { version: "", distribution: "", interop: false, policy: {} },
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
