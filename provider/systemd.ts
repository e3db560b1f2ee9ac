/** systemd's units: told as root directly, otherwise through the privileged helper of the run. */
import type { Host } from "./host.ts";
import type { Privileged } from "./privileged.ts";

const PATIENCE_MS = 60_000;

export type UnitVerbs = Pick<Privileged, "disableUnit" | "enableUnit" | "reloadUnits">;

type UnitHost = Pick<Host, "run" | "user"> & { privileged: UnitVerbs | undefined };

export function unitVerbs(host: UnitHost): UnitVerbs {
  if (host.privileged !== undefined) return host.privileged;
  const systemctl = async (...args: string[]): Promise<void> => {
    try {
      await host.run("systemctl", ["--no-ask-password", ...args], { timeoutMs: PATIENCE_MS });
    } catch (error) {
      if (host.user.uid === 0) throw error;
      throw new Error(
        `systemd is told by root only. Run \`./workstation up\`, which asks for sudo once, or run as root (${error instanceof Error ? error.message : String(error)})`,
        { cause: error },
      );
    }
  };
  return {
    reloadUnits: () => systemctl("daemon-reload"),
    enableUnit: (name) => systemctl("enable", "--now", "--", name),
    disableUnit: (name) => systemctl("disable", "--now", "--", name),
  };
}

export interface UnitState {
  /** Starts with the system. */
  enabled: boolean;
  active: boolean;
  /** systemd has read the unit's files as they are now. */
  fresh: boolean;
}

/** Anybody may ask. A unit that is not there is neither enabled nor active, and nothing of it is old. */
export async function unitState(host: Host, name: string): Promise<UnitState> {
  const properties = ["UnitFileState", "ActiveState", "NeedDaemonReload"];
  const { stdout } = await host.run("systemctl", ["show", "--property", properties.join(","), "--", name], {
    timeoutMs: PATIENCE_MS,
  });
  const values = Object.fromEntries(stdout.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2)));
  return {
    enabled: values.UnitFileState === "enabled",
    active: values.ActiveState === "active",
    fresh: values.NeedDaemonReload !== "yes",
  };
}
