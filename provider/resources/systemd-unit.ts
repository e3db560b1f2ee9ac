/**
 * `SystemdUnit`: what systemd makes of a unit whose files are `ManagedFile`s.
 *
 * - `enabled`: read anew, enabled and started; disabled and stopped on delete. Somebody who disables it makes drift.
 * - `loaded`: systemd has read the files, such as a drop-in, as they are. The unit itself is not restarted: what runs in
 *   it may be somebody's work.
 * - `forgotten`: declared before those files, so that it is deleted after them and systemd then reads what is left.
 */
import type { CheckFailure, DiffResult, ResourceHandler } from "../handler.ts";
import type { Host } from "../host.ts";
import { unitState, unitVerbs } from "../systemd.ts";

const modes = ["enabled", "loaded", "forgotten"] as const;
type UnitMode = (typeof modes)[number];

export interface SystemdUnitInputs {
  /** Such as `go-workstation-clock.timer`. */
  unit: string;
  mode: UnitMode;
  /** Of the files; another one makes systemd read them again. */
  digest: string;
}

export interface SystemdUnitOutputs extends SystemdUnitInputs {
  /** It is as the mode says. */
  holds: boolean;
}

export const systemdUnit: ResourceHandler<SystemdUnitInputs, SystemdUnitOutputs> = {
  async check(_host, news, unknown) {
    const inputs = { digest: "", ...news } as SystemdUnitInputs;
    const failures: CheckFailure[] = [];
    if (!unknown.has("unit") && !/^[A-Za-z0-9@_.-]+\.(service|timer|socket|path)$/.test(String(news.unit)))
      failures.push({
        property: "unit",
        reason: `is ${JSON.stringify(news.unit)}; must be a unit such as docker.service`,
      });
    if (!unknown.has("mode") && !modes.some((mode) => mode === news.mode))
      failures.push({ property: "mode", reason: `is ${JSON.stringify(news.mode)}; allowed: ${modes.join(", ")}` });
    return { inputs, failures };
  },

  async diff(_host, olds, news, unknown): Promise<DiffResult> {
    const differs = {
      unit: unknown.has("unit") || olds.unit !== news.unit,
      mode: unknown.has("mode") || olds.mode !== news.mode || !olds.holds,
      digest: unknown.has("digest") || olds.digest !== news.digest,
    };
    const changed = Object.entries(differs).flatMap(([name, differ]) => (differ ? [name] : []));
    const replaces = [
      ...(differs.unit ? ["unit"] : []),
      ...(unknown.has("mode") || olds.mode !== news.mode ? ["mode"] : []),
    ];
    return { changed, replaces, deleteBeforeReplace: true };
  },

  async preview(_host, news) {
    return { ...news, holds: true };
  },

  async create(host, news) {
    return { id: `${news.mode}:${news.unit}`, outputs: await put(host, news) };
  },

  async read(host, id, olds) {
    const [mode, unit] = split(id);
    const outputs = { unit, mode, digest: olds?.digest ?? "", holds: await holds(host, unit, mode) };
    return { id, inputs: olds === undefined ? { unit, mode, digest: "" } : {}, outputs };
  },

  async update(host, _id, _olds, news) {
    return put(host, news);
  },

  async delete(host, id) {
    const [mode, unit] = split(id);
    if (mode === "forgotten") await unitVerbs(host).reloadUnits();
    if (mode !== "enabled") return;
    const { enabled, active } = await unitState(host, unit);
    // Somebody may have taken it away by hand already, files and all.
    if (enabled || active) await unitVerbs(host).disableUnit(unit);
  },
};

async function put(host: Host, news: SystemdUnitInputs): Promise<SystemdUnitOutputs> {
  if (news.mode !== "forgotten") await unitVerbs(host).reloadUnits();
  if (news.mode === "enabled") await unitVerbs(host).enableUnit(news.unit);
  return { ...news, holds: true };
}

async function holds(host: Host, unit: string, mode: UnitMode): Promise<boolean> {
  if (mode === "forgotten") return true;
  const { enabled, active, fresh } = await unitState(host, unit);
  return mode === "loaded" ? fresh : enabled && active && fresh;
}

function split(id: string): [UnitMode, string] {
  const [mode, ...rest] = id.split(":");
  const known = modes.find((one) => one === mode);
  if (known === undefined || rest.length !== 1)
    throw new Error(`${JSON.stringify(id)} is no id of a SystemdUnit: MODE:UNIT, MODE one of ${modes.join(", ")}`);
  return [known, rest[0] as string];
}
