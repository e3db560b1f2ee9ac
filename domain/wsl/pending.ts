/** What is wanted against what runs: what differs waits for a restart of the distribution or of the virtual machine. */
import { wslBytes } from "../../config/units.ts";
import type { WslSettings } from "../../config/wsl.ts";
import type { Facts, MountFacts } from "../facts.ts";
import type { PendingChange } from "../restart/change.ts";
import { CGROUP_V2_ARGUMENTS, runsWithOurArguments, words } from "./cgroup.ts";
import { drives, optionValue, rootOf, showsOptions } from "./drives.ts";
import { NEEDS, type WslFile } from "./table.ts";
import { kernelArguments, mountOptions, withSlash } from "./values.ts";

export interface PendingQuestion {
  settings: WslSettings;
  facts: Pick<Facts, "system" | "user" | "machine" | "wsl">;
  /** Logical name of the resource that writes each file. */
  resources: Record<WslFile, string>;
}

type Difference = [field: string, wanted: string, running: string];

/**
 * Only what shows from inside: WSL tells nobody about the firewall, DNS tunnelling, the proxy or how memory goes back, and a
 * file of virtiofs hides its options.
 */
export function pendingWsl(question: PendingQuestion): PendingChange[] {
  const changes = (file: WslFile, found: Difference[]): PendingChange[] =>
    found.map(([field, wanted, running]) => ({
      resource: question.resources[file],
      field,
      wanted,
      running,
      needs: NEEDS[file],
    }));
  return [...changes("wslconfig", virtualMachine(question)), ...changes("wslConf", distribution(question))];
}

function virtualMachine(question: PendingQuestion): Difference[] {
  const { settings, facts } = question;
  const { machine, wsl } = facts;
  const found: Difference[] = [];
  if (settings.networkingMode !== undefined && wsl.networkingMode !== "") {
    const running = modeName(wsl.networkingMode);
    if (running !== settings.networkingMode) found.push(["wsl2.networkingMode", settings.networkingMode, running]);
  }
  if (settings.memory !== undefined && machine.memory > 0 && !memoryFits(wslBytes(settings.memory), machine.memory))
    found.push(["wsl2.memory", settings.memory, sizeText(machine.memory)]);
  if (settings.swap !== undefined && machine.memory > 0 && !swapFits(wslBytes(settings.swap), machine.swap))
    found.push(["wsl2.swap", settings.swap, sizeText(machine.swap)]);
  if (settings.processors !== undefined && machine.processors > 0 && settings.processors !== machine.processors)
    found.push(["wsl2.processors", String(settings.processors), String(machine.processors)]);
  return [...found, ...kernel(question)];
}

/** Newer versions of WSL call virtioproxy consomme. */
const modeName = (mode: string): string => (mode === "consomme" ? "virtioproxy" : mode);

/** The kernel keeps up to a tenth for itself before it counts (page tables, crash kernel, bounce buffers). */
const memoryFits = (wanted: number, running: number): boolean => running <= wanted && running >= wanted * 0.9;

/** A page of it is the swap's own header. */
const swapFits = (wanted: number, running: number): boolean => Math.abs(wanted - running) <= 1024 ** 2;

const sizeText = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)}MB`;

function kernel({ settings, facts }: PendingQuestion): Difference[] {
  const wanted = kernelArguments({ settings, facts });
  const running = words(facts.machine.kernelCommandLine);
  const missing = wanted.filter((word) => !running.includes(word));
  if (missing.length > 0) return [["wsl2.kernelCommandLine", wanted.join(" "), facts.machine.kernelCommandLine]];
  const left = CGROUP_V2_ARGUMENTS.filter((word) => !wanted.includes(word) && running.includes(word));
  return runsWithOurArguments(facts.machine) && left.length > 0
    ? [["wsl2.kernelCommandLine", wanted.join(" "), facts.machine.kernelCommandLine]]
    : [];
}

function distribution({ settings, facts }: PendingQuestion): Difference[] {
  const { distro } = settings;
  const { machine, wsl } = facts;
  const found: Difference[] = [];
  if (distro.systemd !== (machine.init === "systemd"))
    found.push(["boot.systemd", String(distro.systemd), String(machine.init === "systemd")]);
  const { hostname } = distro.network;
  if (hostname !== undefined && machine.hostname !== "" && hostname !== machine.hostname)
    found.push(["network.hostname", hostname, machine.hostname]);
  const { enabled } = distro.interop;
  if (enabled !== undefined && enabled !== wsl.interop)
    found.push(["interop.enabled", String(enabled), String(wsl.interop)]);
  if (distro.defaultUser !== undefined && wsl.defaultUser !== "" && distro.defaultUser !== wsl.defaultUser)
    found.push(["user.default", distro.defaultUser, wsl.defaultUser]);
  return [...found, ...automount({ settings, facts })];
}

function automount({ settings, facts }: Pick<PendingQuestion, "settings" | "facts">): Difference[] {
  const mounted = drives(facts.machine.mounts);
  const { enabled, root } = settings.distro.automount;
  const [first] = mounted;
  if (!enabled) return first === undefined ? [] : [["automount.enabled", "false", "true"]];
  if (first === undefined) return [["automount.enabled", "true", "false"]];
  const inRoot = mounted.filter((mount) => rootOf(mount) === withSlash(root));
  if (inRoot.length === 0) return [["automount.root", withSlash(root), rootOf(first)]];
  const wanted = mountOptions({ settings, facts });
  const differs = inRoot.filter(showsOptions).find((mount) => !wanted.every((option) => has(mount, option)));
  return differs === undefined
    ? []
    : [["automount.options", wanted.join(","), `${differs.target}: ${ofDrvFs(differs, wanted)}`]];
}

const isMask = (name: string): boolean => name.endsWith("mask");

/** Masks are compared as numbers: WSL shows 022 as 22. */
function has(mount: MountFacts, option: string): boolean {
  const [name = "", value] = option.split("=");
  if (value === undefined) return mount.options.includes(name);
  const running = optionValue(mount, name);
  if (running === undefined) return false;
  return isMask(name) ? Number.parseInt(running, 8) === Number.parseInt(value, 8) : running === value;
}

/** The options of the kind that are wanted, as they run. */
function ofDrvFs(mount: MountFacts, wanted: readonly string[]): string {
  const names = new Set(["metadata", ...wanted.map((option) => option.split("=")[0])]);
  return mount.options.filter((option) => names.has(option.split("=")[0])).join(",") || "none of them";
}
