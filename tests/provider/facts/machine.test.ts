/** Machines faked in a folder: mountinfo of tests/provider/facts/recorded (see its README), the other files in few words. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { machineFacts } from "../../../provider/facts/machine.ts";
import { parseMountinfo, windowsMounts } from "../../../provider/facts/mountinfo.ts";
import { wslFacts } from "../../../provider/facts/wsl.ts";
import type { Host } from "../../../provider/host.ts";
import { type Scratch, scratch } from "../scratch.ts";

const recorded = (name: string): string => readFileSync(join(__dirname, "recorded", `${name}.mountinfo`), "utf8");

let machine: Scratch;
beforeEach(() => {
  machine = scratch();
});
afterEach(() => machine.remove());

/** A host that has no program at all: whatever is started fails the test. */
const withoutPrograms = (): Host => ({
  ...machine.host,
  run: (command) => {
    throw new Error(`${command} was started`);
  },
});

function put(mountinfo: string, files: Record<string, string> = {}): void {
  machine.put("/proc/self/mountinfo", recorded(mountinfo));
  for (const [file, content] of Object.entries(files)) machine.put(file, content);
}

const systemd = { "/proc/1/comm": "systemd\n" };
const wsl2 = { "/proc/sys/kernel/osrelease": "6.6.87.2-microsoft-standard-WSL2\n" };

describe("cgroups", () => {
  test.each<[string, string, Record<string, string>, object]>([
    [
      "version 2 with systemd",
      "wsl2-v2",
      {
        ...systemd,
        "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma\n",
        "/sys/fs/cgroup/system.slice/memory.min": "0\n",
      },
      {
        filesystem: "cgroup2",
        controllers: ["cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma"],
        memoryMin: true,
        hierarchy: "unified",
      },
    ],
    [
      "version 2 whose controllers are all in version 1",
      "wsl2-v2",
      { ...systemd, "/sys/fs/cgroup/cgroup.controllers": "\n", "/sys/fs/cgroup/system.slice/cgroup.procs": "" },
      { filesystem: "cgroup2", controllers: [], memoryMin: false, hierarchy: "unified" },
    ],
    [
      "version 2 without systemd, memory.min in our own group",
      "debian-v2",
      {
        "/proc/1/comm": "init\n",
        "/proc/self/cgroup": "0::/user.slice/user-1000.slice\n",
        "/sys/fs/cgroup/cgroup.controllers": "memory\n",
        "/sys/fs/cgroup/user.slice/user-1000.slice/memory.min": "0\n",
      },
      { filesystem: "cgroup2", controllers: ["memory"], memoryMin: true, hierarchy: "" },
    ],
    [
      "memory.min in the root group is none of a child",
      "debian-v2",
      { "/sys/fs/cgroup/memory.min": "0\n", "/proc/self/cgroup": "0::/\n" },
      { filesystem: "cgroup2", controllers: [], memoryMin: false, hierarchy: "" },
    ],
    ["a mixture", "wsl2-hybrid", systemd, { filesystem: "tmpfs", controllers: [], hierarchy: "hybrid" }],
    ["version 1", "wsl1", systemd, { filesystem: "tmpfs", controllers: [], hierarchy: "legacy" }],
  ])("%s", async (_, mountinfo, files, expected) => {
    put(mountinfo, files);
    expect((await machineFacts(withoutPrograms())).cgroup).toMatchObject(expected);
  });

  test("systemd under another name is told by its folder", async () => {
    put("debian-v2", { "/proc/1/comm": "init\n", "/run/systemd/system/x": "" });
    expect((await machineFacts(withoutPrograms())).init).toBe("systemd");
  });
});

describe("Windows drives", () => {
  test("9p: sorted, options out of aname, single folders and WSL's own drivers told apart", () => {
    const found = windowsMounts(parseMountinfo(recorded("wsl2-v2")));
    expect(found.map(({ source, target }) => [source, target])).toEqual([
      ["C:\\Program Files\\Docker\\Docker\\resources", "/Docker/host"],
      ["C:\\", "/mnt/c"],
      ["D:\\", "/mnt/d"],
    ]);
    expect(found[1]?.options).toEqual(
      expect.arrayContaining(["noatime", "aname=drvfs", "metadata", "uid=1000", "umask=22", "symlinkroot=/mnt/"]),
    );
  });

  test.each<[string, string[]]>([
    ["wsl2-virtiofs", ["/mnt/c"]],
    ["wsl1", ["/mnt/c"]],
    ["wsl2-hybrid", ["/mnt/c"]],
    ["debian-v2", []],
  ])("%s", (name, targets) => {
    expect(windowsMounts(parseMountinfo(recorded(name))).map(({ target }) => target)).toEqual(targets);
  });

  test("a mount over another counts, lines that are none do not", () => {
    const line = (type: string) => `1 2 0:3 / /mnt/my\\040share rw - ${type} source rw\n`;
    expect(windowsMounts(parseMountinfo(`${line("drvfs")}${line("ext4")}`))).toEqual([]);
    expect(windowsMounts(parseMountinfo(`${line("ext4")}${line("drvfs")}short line\n\n`))).toEqual([
      { source: "source", target: "/mnt/my share", type: "drvfs", options: ["rw"] },
    ]);
  });
});

test("the kernel, the memory, processors, the name and the GPU", async () => {
  put("wsl2-v2", {
    ...wsl2,
    "/proc/cmdline": "initrd=\\initrd.img WSL_ROOT_INIT=1 panic=-1 nr_cpus=6 cgroup_no_v1=all\n",
    "/proc/meminfo": "MemTotal:        8131140 kB\nMemFree:         1 kB\nSwapTotal:       2097152 kB\n",
    "/sys/devices/system/cpu/online": "0-3,6,8-9\n",
    "/proc/sys/kernel/hostname": "devbox\n",
    "/dev/dxg": "",
    "/proc/driver/nvidia/version":
      "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\n",
  });
  expect(await machineFacts(withoutPrograms())).toMatchObject({
    init: "other",
    kernelCommandLine: "initrd=\\initrd.img WSL_ROOT_INIT=1 panic=-1 nr_cpus=6 cgroup_no_v1=all",
    memory: 8131140 * 1024,
    swap: 2 * 2 ** 30,
    processors: 7,
    hostname: "devbox",
    gpu: { dxg: true, driver: "535.183.01" },
  });
});

test("outside WSL memory and processors are not told: they would only make facts differ", async () => {
  put("debian-v2", { "/proc/meminfo": "MemTotal:  8131140 kB\n", "/sys/devices/system/cpu/online": "0-3\n" });
  expect(await machineFacts(withoutPrograms())).toMatchObject({ memory: 0, swap: 0, processors: 0 });
});

test("a machine where nothing can be read: everything is empty and nothing throws", async () => {
  expect(await machineFacts(withoutPrograms())).toEqual({
    init: "other",
    cgroup: { filesystem: "", controllers: [], memoryMin: false, hierarchy: "" },
    mounts: [],
    kernelCommandLine: "",
    gpu: { dxg: false, driver: "" },
    memory: 0,
    swap: 0,
    processors: 0,
    hostname: "",
  });
});

describe("WSL", () => {
  const programs = (answers: Record<string, string>, env: Record<string, string> = {}): Host => ({
    ...machine.host,
    env,
    run: async (command, args) => {
      const stdout = answers[[command, ...args].join(" ")];
      if (stdout === undefined) throw new Error(`${command} is not installed`);
      return { code: 0, stdout, stderr: "" };
    },
  });

  test("outside WSL, and in a container on a WSL machine, no program is started", async () => {
    const nothing = {
      version: "",
      distribution: "",
      interop: false,
      networkingMode: "",
      defaultUser: "",
      policy: {},
    };
    put("debian-v2", { "/proc/sys/kernel/osrelease": "6.1.0-26-amd64\n" });
    expect(await wslFacts(withoutPrograms())).toEqual(nothing);
    put("wsl2-v2", { ...wsl2, "/.dockerenv": "" });
    expect(await wslFacts(withoutPrograms())).toEqual(nothing);
  });

  test("everything that WSL tells", async () => {
    put("wsl2-v2", {
      ...wsl2,
      "/proc/sys/fs/binfmt_misc/WSLInterop": "enabled\ninterpreter /init\nflags: P\n",
      "/proc/sys/fs/binfmt_misc/status": "enabled\n",
      "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000:,,,:/home/ada:/bin/bash\n",
    });
    const answers = { "wslinfo --wsl-version": "2.3.26.0\n", "wslinfo --networking-mode": "mirrored\n" };
    expect(await wslFacts(programs(answers, { WSL_DISTRO_NAME: "Debian" }))).toEqual({
      version: "2.3.26.0",
      distribution: "Debian",
      interop: true,
      networkingMode: "mirrored",
      defaultUser: "ada",
      policy: {},
    });
  });

  test("under sudo the name comes from the root folder's Windows name", async () => {
    put("wsl2-v2", wsl2);
    expect((await wslFacts(programs({ "wslpath -w /": "\\\\wsl.localhost\\Debian-12\\\r\n" }))).distribution).toBe(
      "Debian-12",
    );
  });

  test.each<[string, string, Record<string, string>]>([
    ["not registered", "wsl2-v2", {}],
    ["switched off", "wsl2-v2", { "/proc/sys/fs/binfmt_misc/WSLInterop": "disabled\n" }],
    [
      "all switched off",
      "wsl2-v2",
      { "/proc/sys/fs/binfmt_misc/WSLInterop-late": "enabled\n", "/proc/sys/fs/binfmt_misc/status": "disabled\n" },
    ],
  ])("interop %s; what programs say that is no answer counts as not known", async (_, mountinfo, files) => {
    put(mountinfo, { ...wsl2, ...files });
    const found = await wslFacts(programs({ "wslinfo --wsl-version": "Usage: wslinfo\n" }));
    expect(found).toEqual({
      version: "",
      distribution: "",
      interop: false,
      networkingMode: "",
      defaultUser: "",
      policy: {},
    });
  });
});
