/** Checks of WSL and of what containers need of the kernel. */
import type { LoadedSettings } from "../../config/load.ts";
import type { Facts } from "../../domain/facts.ts";
import { CGROUP_V2_ARGUMENTS, cgroupMatrix } from "../../domain/wsl/cgroup.ts";
import { ignoredByPolicy, nameOf, versionChecks, type WrittenKey, writtenKeys } from "../../domain/wsl/checks.ts";
import { drives, showsOptions } from "../../domain/wsl/drives.ts";
import { onWindowsDrives, POLLING_SETTING } from "../../domain/wsl/projects.ts";
import { wslConfValues, wslconfigValues } from "../../domain/wsl/values.ts";
import { type CheckDefinition, check, type Verdict } from "./check.ts";
import type { Patient } from "./patient.ts";

const NO_WSL: Verdict = ["skip", "this is no WSL machine"];
const NO_SETTINGS: Verdict = ["skip", "no settings"];
const UPDATE = "wsl.exe --update";

/** Facts are asked for about settings, so without those there are none. */
function withFacts(judge: (facts: Facts, settings: LoadedSettings) => Verdict): (patient: Patient) => Promise<Verdict> {
  return async ({ facts, settings }) => {
    if (settings === undefined || typeof settings === "string") return NO_SETTINGS;
    return judge(await facts(), settings);
  };
}

const insideWsl = (judge: (facts: Facts, settings: LoadedSettings) => Verdict) =>
  withFacts((facts, settings) => (facts.system.kind === "wsl" ? judge(facts, settings) : NO_WSL));

const cgroup = check(
  "cgroup",
  "cgroup2 at /sys/fs/cgroup with memory in cgroup.controllers, memory.min in a child group, systemd unified",
  `add ${CGROUP_V2_ARGUMENTS.join(" ")} to the kernel's command line (in WSL \`up\` does so), and restart`,
  withFacts(({ system, machine }) => {
    const matrix = cgroupMatrix(machine);
    const bad = matrix.filter(({ good }) => !good);
    if (bad.length === 0) return ["pass", matrix.map(({ name, found }) => `${name}: ${found}`).join("; ")];
    // Elsewhere the machine is not ours to set up, and Docker works with version 1 too.
    const status = system.kind === "wsl" ? "fail" : "warn";
    const found = bad.map((row) => `${row.name}: ${row.found}`).join("; ");
    const noSystemd = "set wsl.distro.systemd to true, `./workstation up`, then `wsl.exe --terminate` the distribution";
    const [only] = bad;
    return bad.length === 1 && only?.name === matrix.at(-1)?.name && machine.init !== "systemd" && status === "fail"
      ? [status, found, noSystemd]
      : [status, found];
  }),
);

const mounts = check(
  "mounts",
  "Windows drives mounted with metadata",
  "./workstation up, then `wsl.exe --terminate` the distribution",
  insideWsl(({ machine }, settings) => {
    const found = drives(machine.mounts);
    const { enabled, metadata } = settings.wsl.distro.automount;
    if (found.length === 0) return [enabled ? "warn" : "skip", "no Windows drive is mounted"];
    const bare = found.filter((mount) => showsOptions(mount) && !mount.options.includes("metadata"));
    if (bare.length > 0 && metadata)
      return ["warn", `without metadata: ${bare.map(({ target }) => target).join(", ")}`];
    const hidden = found.filter((mount) => !showsOptions(mount)).map(({ target }) => target);
    const told = found.map(({ target, type }) => `${target} (${type})`).join(", ");
    return ["pass", hidden.length === 0 ? told : `${told}; virtiofs does not show its options`];
  }),
);

const mntProjects = check(
  "mnt-projects",
  "projects in the distribution's own file system",
  `move them below your home folder; or let VS Code look for changes itself: ${POLLING_SETTING} in its settings`,
  withFacts((facts) => {
    const slow = onWindowsDrives(facts);
    return slow.length === 0
      ? ["pass", "none on a Windows drive"]
      : ["warn", `on a Windows drive, slow and without file events: ${slow.join(", ")}`];
  }),
);

function everyKey({ wsl }: LoadedSettings, facts: Facts): WrittenKey[] {
  const question = { settings: wsl, facts };
  return [...writtenKeys("wslconfig", wslconfigValues(question)), ...writtenKeys("wslConf", wslConfValues(question))];
}

const version = check(
  "wsl-version",
  "a WSL and a Windows that have every setting that is used",
  UPDATE,
  insideWsl((facts, settings) => {
    const found = facts.wsl.version === "" ? "version not known (wslinfo does not answer)" : `WSL ${facts.wsl.version}`;
    if (settings.wsl.mode === "off") return ["pass", found];
    const { problems, warnings } = versionChecks(everyKey(settings, facts), facts);
    if (problems.length > 0) return ["fail", `${found}: ${problems.join(" ")}`];
    return warnings.length > 0 ? ["warn", `${found}. ${warnings.join(" ")}`] : ["pass", found];
  }),
);

const policy = check(
  "wsl-policy",
  "no policy that makes WSL ignore a setting that is used",
  "ask who manages this machine to allow it, or take the setting out",
  insideWsl((facts, settings) => {
    const told = Object.entries(facts.wsl.policy)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
      .join(", ");
    if (told === "") {
      return facts.windows.reachable
        ? ["pass", "none is set"]
        : ["warn", `cannot be read: ${facts.windows.error || "Windows was not asked"}`, "switch interop on"];
    }
    const ignored = everyKey(settings, facts).filter((key) => ignoredByPolicy(key, facts.wsl.policy));
    return ignored.length === 0
      ? ["pass", told]
      : ["warn", `${told}; ignored for it: ${ignored.map((key) => nameOf(key)).join(", ")}`];
  }),
);

export const wslChecks: CheckDefinition[] = [cgroup, mounts, mntProjects, version, policy];
