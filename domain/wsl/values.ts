/** Settings as sections and keys of WSL's two files. */
import type { WslSettings } from "../../config/wsl.ts";
import type { Facts } from "../facts.ts";
import { CGROUP_V2_ARGUMENTS, needsCgroupV2Arguments, words } from "./cgroup.ts";
import type { WslFile } from "./table.ts";

/** Text as it stands behind the equals sign. Sections and keys in the order in which they are written. */
export type IniValues = Record<string, Record<string, string>>;

type Scalar = string | number | boolean | undefined;

export interface Question {
  settings: WslSettings;
  facts: Pick<Facts, "system" | "user" | "machine">;
}

/**
 * WSL's reader takes quotes away, `#` outside of them begins a comment, and a backslash begins an escape (so Windows paths
 * have two).
 */
export function iniText(value: string | number | boolean): string {
  const text = String(value);
  const escaped = text.replace(/[\\"]/g, "\\$&");
  return /#|^\s|\s$|^$/.test(text) ? `"${escaped}"` : escaped;
}

/** Leaves out what is not set, and sections in which nothing is. */
function sections(written: Record<string, Record<string, Scalar>>): IniValues {
  const filled = Object.entries(written).map(([section, keys]): [string, Record<string, string>] => [
    section,
    Object.fromEntries(
      Object.entries(keys).flatMap(([key, value]) => (value === undefined ? [] : [[key, iniText(value)]])),
    ),
  ]);
  return Object.fromEntries(filled.filter(([, keys]) => Object.keys(keys).length > 0));
}

/** WSL knows GB, not GiB; both mean 1024³ bytes to it. */
const size = (written: string | undefined): string | undefined => written?.replace("iB", "B");

/** `C:\wsl` and `C:\\wsl`, as some write it because the file needs it so, are the same folder. */
const windowsPath = (written: string | undefined): string | undefined => written?.replace(/[\\/]+/g, "\\");

/** The kernel's arguments: the person's, then those for cgroup v2 where they are needed, each once. */
export function kernelArguments({ settings, facts }: Question): string[] {
  const own = words(settings.kernelCommandLine ?? "");
  const needed =
    facts.system.kind === "wsl" && settings.cgroupV2 === "auto" && needsCgroupV2Arguments(facts.machine)
      ? CGROUP_V2_ARGUMENTS
      : [];
  return [...new Set([...own, ...needed])];
}

/** Of DrvFs, as one list. Whoever runs as root leaves the owner to WSL, which takes the default user. */
export function mountOptions({ settings, facts }: Question): string[] {
  const { automount } = settings.distro;
  const person = facts.user.uid !== 0;
  const uid = automount.uid ?? (person ? facts.user.uid : undefined);
  const gid = automount.gid ?? (person ? facts.user.gid : undefined);
  return [
    ...(automount.metadata ? ["metadata"] : []),
    ...(uid === undefined ? [] : [`uid=${uid}`]),
    ...(gid === undefined ? [] : [`gid=${gid}`]),
    `umask=${automount.umask}`,
    ...(automount.fmask === undefined ? [] : [`fmask=${automount.fmask}`]),
    ...(automount.dmask === undefined ? [] : [`dmask=${automount.dmask}`]),
    ...automount.options,
  ];
}

function merged(typed: Record<string, Record<string, Scalar>>, extra: WslSettings["extra"][WslFile]): IniValues {
  const all: Record<string, Record<string, Scalar>> = { ...typed };
  for (const [section, keys] of Object.entries(extra)) {
    const values = Object.entries(keys).map(([key, value]): [string, Scalar] => [
      key,
      typeof value === "string" && /^[A-Za-z]:[\\/]/.test(value) ? windowsPath(value) : value,
    ]);
    all[section] = { ...all[section], ...Object.fromEntries(values) };
  }
  return sections(all);
}

export function wslconfigValues(question: Question): IniValues {
  const { settings } = question;
  const kernel = kernelArguments(question);
  return merged(
    {
      wsl2: {
        memory: size(settings.memory),
        processors: settings.processors,
        swap: size(settings.swap),
        swapFile: windowsPath(settings.swapFile),
        networkingMode: settings.networkingMode,
        dnsTunneling: settings.dnsTunneling,
        firewall: settings.firewall,
        autoProxy: settings.autoProxy,
        dnsProxy: settings.dnsProxy,
        localhostForwarding: settings.localhostForwarding,
        nestedVirtualization: settings.nestedVirtualization,
        vmIdleTimeout: settings.vmIdleTimeout,
        guiApplications: settings.guiApplications,
        kernelCommandLine: kernel.length === 0 ? undefined : kernel.join(" "),
      },
      experimental: {
        autoMemoryReclaim: settings.autoMemoryReclaim,
        sparseVhd: settings.sparseVhd,
        hostAddressLoopback: settings.hostAddressLoopback,
        bestEffortDnsParsing: settings.bestEffortDnsParsing,
        initialAutoProxyTimeout: settings.initialAutoProxyTimeout,
        ignoredPorts: settings.ignoredPorts?.join(","),
      },
    },
    settings.extra.wslconfig,
  );
}

export function wslConfValues(question: Question): IniValues {
  const { distro, extra } = question.settings;
  const { automount, interop, network } = distro;
  const mounted = automount.enabled;
  const values = merged(
    {
      boot: { systemd: distro.systemd, command: distro.bootCommand },
      automount: {
        enabled: automount.enabled,
        root: mounted ? withSlash(automount.root) : undefined,
        mountFsTab: automount.mountFsTab,
      },
      interop: { enabled: interop.enabled, appendWindowsPath: interop.appendWindowsPath },
      network: {
        hostname: network.hostname,
        generateHosts: network.generateHosts,
        generateResolvConf: network.generateResolvConf,
      },
      user: { default: distro.defaultUser },
      time: { useWindowsTimezone: distro.useWindowsTimezone },
    },
    extra.wslConf,
  );
  // In quotes as in every example of it.
  if (mounted) values.automount = { ...values.automount, options: `"${mountOptions(question).join(",")}"` };
  return values;
}

export const withSlash = (folder: string): string => (folder.endsWith("/") ? folder : `${folder}/`);
