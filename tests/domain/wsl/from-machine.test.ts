/** From the files of a machine, through the provider's facts, to the plan. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSettings } from "../../../config/load.ts";
import { planWsl, type WslAnswer } from "../../../domain/wsl/plan.ts";
import { facts } from "../../../provider/facts.ts";
import { type Scratch, scratch } from "../../provider/scratch.ts";

let machine: Scratch;
beforeEach(() => {
  machine = scratch({ PATH: "/nowhere", DOCKER_HOST: "unix:///nowhere/docker.sock", WSL_DISTRO_NAME: "Debian" });
});
afterEach(() => machine.remove());

/** A WSL machine whose programs are all missing: what is not told by files is not known. */
async function planOf(mountinfo: string, files: Record<string, string>): Promise<WslAnswer> {
  const recorded = join(__dirname, "../../provider/facts/recorded", `${mountinfo}.mountinfo`);
  machine.put("/proc/self/mountinfo", readFileSync(recorded));
  machine.put("/proc/sys/kernel/osrelease", "5.15.167.4-microsoft-standard-WSL2\n");
  machine.put("/proc/1/comm", "systemd\n");
  for (const [file, content] of Object.entries(files)) machine.put(file, content);
  const found = await facts(machine.host, { projects: [] });
  return planWsl({
    stack: "dev",
    settings: parseSettings({}),
    facts: {
      ...found,
      user: { name: "ada", uid: 1000, gid: 1000, home: "/home/ada" },
      windows: { ...found.windows, profile: "/mnt/c/Users/ada" },
    },
    root: "/ws",
    home: "/home/ada",
    tools: [],
    absolute: (path) => path,
  });
}

const fields = ({ pending }: WslAnswer) => pending.map(({ field }) => field);

test("a machine with version 2 and metadata: nothing waits, .wslconfig stays alone", async () => {
  const answer = await planOf("wsl2-v2", {
    "/sys/fs/cgroup/cgroup.controllers": "cpu memory pids\n",
    "/sys/fs/cgroup/init.scope/memory.min": "0\n",
  });
  expect(Object.keys(answer.wsl?.files ?? {})).toEqual(["wslConf"]);
  expect(fields(answer)).toEqual([]);
});

test("a machine with a mixture and bare drives: kernel arguments and mount options wait", async () => {
  const answer = await planOf("wsl2-hybrid", { "/proc/cmdline": "initrd=\\initrd.img WSL_ROOT_INIT=1 panic=-1\n" });
  expect(answer.wsl?.files.wslconfig).toEqual({
    path: "/mnt/c/Users/ada/.wslconfig",
    values: { wsl2: { kernelCommandLine: "cgroup_no_v1=all systemd.unified_cgroup_hierarchy=1" } },
  });
  expect(answer.pending.map(({ field, running }) => [field, running])).toEqual([
    ["wsl2.kernelCommandLine", "initrd=\\initrd.img WSL_ROOT_INIT=1 panic=-1"],
    ["automount.options", "/mnt/c: uid=1000,gid=1000"],
  ]);
});

test("virtiofs: its options are not guessed", async () => {
  const answer = await planOf("wsl2-virtiofs", { "/sys/fs/cgroup/cgroup.controllers": "memory\n" });
  expect(fields(answer)).toEqual([]);
});
