/** What runs: cgroups, mounts of Windows drives, the kernel's arguments, the GPU. Files only, no process. */
import type { CgroupFacts, GpuFacts, MachineFacts, MountFacts } from "../../domain/facts.ts";
import type { Host } from "../host.ts";
import { mountedAt, parseMountinfo, windowsMounts } from "./mountinfo.ts";
import { quietly } from "./quietly.ts";
import { runsInWsl } from "./system.ts";

const CGROUP = "/sys/fs/cgroup";

export async function machineFacts(host: Host): Promise<MachineFacts> {
  const text = async (file: string) => (await quietly(host.files.text(file))) ?? "";
  const [mountinfo, first, booted, commandLine, size, hostname, gpu] = await Promise.all([
    text("/proc/self/mountinfo"),
    text("/proc/1/comm"),
    quietly(host.files.stat("/run/systemd/system")),
    text("/proc/cmdline"),
    sizeFacts(host),
    text("/proc/sys/kernel/hostname"),
    gpuFacts(host),
  ]);
  const mounts = parseMountinfo(mountinfo);
  // The folder is what sd_booted(3) looks at; the name tells where it is not mounted into a container.
  const init = first.trim() === "systemd" || booted?.kind === "folder" ? "systemd" : "other";
  return {
    init,
    cgroup: await cgroupFacts(host, mounts, init),
    mounts: windowsMounts(mounts),
    kernelCommandLine: commandLine.trim(),
    gpu,
    ...size,
    hostname: hostname.trim(),
  };
}

/** Elsewhere these come and go (swapoff, hotplug) without meaning: each new value would have drift run the program. */
async function sizeFacts(host: Host): Promise<Pick<MachineFacts, "memory" | "swap" | "processors">> {
  if (!(await runsInWsl(host))) return { memory: 0, swap: 0, processors: 0 };
  const [meminfo = "", online = ""] = await Promise.all([
    quietly(host.files.text("/proc/meminfo")),
    quietly(host.files.text("/sys/devices/system/cpu/online")),
  ]);
  return {
    memory: kilobytes(meminfo, "MemTotal"),
    swap: kilobytes(meminfo, "SwapTotal"),
    processors: countOf(online.trim()),
  };
}

async function cgroupFacts(
  host: Host,
  mounts: readonly MountFacts[],
  init: MachineFacts["init"],
): Promise<CgroupFacts> {
  const filesystem = mountedAt(mounts, CGROUP)?.type ?? "";
  const controllers = (await quietly(host.files.text(`${CGROUP}/cgroup.controllers`))) ?? "";
  return {
    filesystem,
    controllers: controllers.split(/\s+/).filter((name) => name !== ""),
    memoryMin: filesystem === "cgroup2" && (await hasMemoryMin(host)),
    hierarchy: init === "systemd" ? hierarchyOf(mounts, filesystem) : "",
  };
}

/** systemd's hybrid has version 2 beside version 1, without controllers. */
function hierarchyOf(mounts: readonly MountFacts[], filesystem: string): CgroupFacts["hierarchy"] {
  if (filesystem === "cgroup2") return "unified";
  const second = mountedAt(mounts, `${CGROUP}/unified`) ?? mountedAt(mounts, `${CGROUP}/systemd`);
  return second?.type === "cgroup2" ? "hybrid" : "legacy";
}

/** The root group never has it, so a child is asked: our own, else the first that has controllers. */
async function hasMemoryMin(host: Host): Promise<boolean> {
  const mine = /^0::(\/.+)$/m.exec((await quietly(host.files.text("/proc/self/cgroup"))) ?? "")?.[1];
  const groups = ((await quietly(host.files.list(CGROUP))) ?? []).filter((entry) => entry.isDirectory());
  const children = [...(mine === undefined ? [] : [mine]), ...groups.map(({ name }) => `/${name}`)];
  for (const child of children) {
    if ((await quietly(host.files.stat(`${CGROUP}${child}/memory.min`))) !== undefined) return true;
  }
  return false;
}

async function gpuFacts(host: Host): Promise<GpuFacts> {
  const [device, version] = await Promise.all([
    quietly(host.files.stat("/dev/dxg")),
    quietly(host.files.text("/proc/driver/nvidia/version")),
  ]);
  return { dxg: device !== undefined, driver: /Kernel Module\D*(\d+(?:\.\d+)+)/.exec(version ?? "")?.[1] ?? "" };
}

function kilobytes(meminfo: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(meminfo)?.[1] ?? 0) * 1024;
}

/** `0-3,6` is five. */
function countOf(ranges: string): number {
  if (ranges === "") return 0;
  return ranges.split(",").reduce((count, range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return count + last - first + 1;
  }, 0);
}
