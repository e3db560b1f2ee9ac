/** `/etc/wsl.conf`: one distribution. Sources: see table.ts. */
import type { WslKey } from "./table.ts";

const UNDOCUMENTED =
  "WSL reads it, but documents it nowhere, so it can change with any release. Whoever needs it writes it into the file by hand: lines that are not ours stay";

const undocumented = (section: string, keys: readonly string[]): WslKey[] =>
  keys.map((key) => ({ section, key, type: "text", default: "", refused: UNDOCUMENTED }));

export const WSL_CONF_TABLE: readonly WslKey[] = [
  {
    section: "boot",
    key: "systemd",
    type: "boolean",
    default: "false",
    since: "0.67.6",
    setting: "distro.systemd",
  },
  {
    section: "boot",
    key: "command",
    type: "text",
    default: "nothing",
    windowsBuild: 20348,
    setting: "distro.bootCommand",
  },
  { section: "boot", key: "protectBinfmt", type: "boolean", default: "true" },
  { section: "automount", key: "enabled", type: "boolean", default: "true", setting: "distro.automount.enabled" },
  { section: "automount", key: "mountFsTab", type: "boolean", default: "true", setting: "distro.automount.mountFsTab" },
  { section: "automount", key: "root", type: "path", default: "/mnt/", setting: "distro.automount.root" },
  { section: "automount", key: "options", type: "list", default: "none", setting: "distro.automount.options" },
  {
    section: "network",
    key: "generateHosts",
    type: "boolean",
    default: "true",
    setting: "distro.network.generateHosts",
  },
  {
    section: "network",
    key: "generateResolvConf",
    type: "boolean",
    default: "true",
    setting: "distro.network.generateResolvConf",
  },
  {
    section: "network",
    key: "hostname",
    type: "text",
    default: "the name of Windows",
    setting: "distro.network.hostname",
  },
  {
    section: "interop",
    key: "enabled",
    type: "boolean",
    default: "true",
    windowsBuild: 17763,
    setting: "distro.interop.enabled",
  },
  {
    section: "interop",
    key: "appendWindowsPath",
    type: "boolean",
    default: "true",
    windowsBuild: 17763,
    setting: "distro.interop.appendWindowsPath",
  },
  {
    section: "user",
    key: "default",
    type: "text",
    default: "the user of the first start",
    windowsBuild: 18980,
    setting: "distro.defaultUser",
  },
  { section: "gpu", key: "enabled", type: "boolean", default: "true" },
  {
    section: "time",
    key: "useWindowsTimezone",
    type: "boolean",
    default: "true",
    setting: "distro.useWindowsTimezone",
  },
  {
    section: "filesystem",
    key: "umask",
    type: "text",
    default: "",
    refused: "it is documented no more. For Windows drives write wsl.distro.automount.umask",
  },
  ...undocumented("automount", ["ldconfig", "cgroups"]),
  ...undocumented("boot", ["initTimeout"]),
  ...undocumented("gpu", ["appendLibPath"]),
  ...undocumented("fileServer", ["enabled", "logFile", "logLevel", "logTruncate"]),
  ...undocumented("general", ["guiApplications"]),
];
