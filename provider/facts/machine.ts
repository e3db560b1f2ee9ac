/** What runs: cgroups, mounts of Windows drives, the kernel's arguments, the GPU. */
import type { MachineFacts } from "../../domain/facts.ts";
import type { Host } from "../host.ts";

export async function machineFacts(_host: Host): Promise<MachineFacts> {
  return {
    init: "other",
    cgroup: { filesystem: "", controllers: [], memoryMin: false, hierarchy: "" },
    mounts: [],
    kernelCommandLine: "",
    gpu: { dxg: false, driver: "" },
  };
}
