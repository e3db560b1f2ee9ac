/** WSL itself: its version, this distribution's name, how it reaches the network. Outside WSL nothing is started. */
import type { MountFacts, WslFacts } from "../../domain/facts.ts";
import type { Host } from "../host.ts";
import { parseMountinfo, windowsMounts } from "./mountinfo.ts";
import { quietly } from "./quietly.ts";
import { runsInWsl } from "./system.ts";

const patienceMs = 3000;

export async function wslFacts(host: Host): Promise<WslFacts> {
  if (!(await runsInWsl(host))) {
    return { version: "", distribution: "", interop: false, networkingMode: "", defaultUser: "", policy: {} };
  }
  const [version, networkingMode, distribution, interop, defaultUser] = await Promise.all([
    answer(host, "wslinfo", ["--wsl-version"]),
    answer(host, "wslinfo", ["--networking-mode"]),
    distributionName(host),
    startsWindowsPrograms(host),
    userOfDrives(host),
  ]);
  return {
    version: /^\d+(\.\d+)+$/.test(version) ? version : "",
    distribution,
    interop,
    networkingMode: /^[a-z0-9]+$/.test(networkingMode) ? networkingMode : "",
    defaultUser,
    policy: {},
  };
}

/** First line of what a program of WSL says; empty when it is not there, fails or hangs. */
async function answer(host: Host, command: string, args: readonly string[]): Promise<string> {
  const result = await quietly(host.run(command, args, { timeoutMs: patienceMs }));
  return result?.stdout.trim().split(/\r?\n/)[0] ?? "";
}

/** sudo takes the variable away; the Windows name of the root folder has it too: `\\wsl.localhost\Debian\`. */
async function distributionName(host: Host): Promise<string> {
  const { WSL_DISTRO_NAME: told = "" } = host.env;
  if (told !== "") return told;
  const root = await answer(host, "wslpath", ["-w", "/"]);
  return /^\\\\wsl[^\\]*\\([^\\]+)/.exec(root)?.[1] ?? "";
}

/** The kernel hands Windows programs to WSL; `-late` is the name since systemd came. */
async function startsWindowsPrograms(host: Host): Promise<boolean> {
  const entries = await Promise.all(
    ["WSLInterop", "WSLInterop-late", "status"].map((name) =>
      quietly(host.files.text(`/proc/sys/fs/binfmt_misc/${name}`)),
    ),
  );
  const [, , all] = entries;
  return all?.trim() !== "disabled" && entries.slice(0, 2).some((entry) => entry?.split("\n")[0] === "enabled");
}

/** WSL makes the default user the owner of the drives, before the options of wsl.conf: the first uid is theirs. */
async function userOfDrives(host: Host): Promise<string> {
  const [mountinfo, passwd] = await Promise.all([
    quietly(host.files.text("/proc/self/mountinfo")),
    quietly(host.files.text("/etc/passwd")),
  ]);
  const uid = windowsMounts(parseMountinfo(mountinfo ?? ""))
    .filter(({ target }) => /\/[a-z]$/.test(target))
    .map(firstUid)
    .find((found) => found !== undefined);
  const entry = (passwd ?? "").split("\n").find((line) => uid !== undefined && line.split(":")[2] === uid);
  return entry?.split(":")[0] ?? "";
}

const firstUid = ({ options }: MountFacts): string | undefined =>
  options.find((option) => option.startsWith("uid="))?.slice("uid=".length);
