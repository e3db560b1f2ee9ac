import { parseSettings, SettingsError } from "../../../config/load.ts";
import { extraProblems } from "../../../domain/wsl/extra.ts";
import { FILE_NAME, findKey, TABLE, type WslFile } from "../../../domain/wsl/table.ts";

function messages(wsl: object): readonly string[] {
  try {
    parseSettings({ wsl });
  } catch (error) {
    if (error instanceof SettingsError) return error.messages;
    throw error;
  }
  return [];
}

describe("the table", () => {
  const files = Object.keys(TABLE) as WslFile[];

  test.each(files)("%s: each key once, enums with values, a reason only where it is refused", (file) => {
    const names = TABLE[file].map(({ section, key }) => `${section}.${key}`.toLowerCase());
    expect(names).toEqual([...new Set(names)]);
    for (const entry of TABLE[file]) {
      expect([entry.key, entry.values !== undefined]).toEqual([entry.key, entry.type === "enum"]);
      if (entry.refused !== undefined) expect(entry.setting).toBeUndefined();
      if (entry.since !== undefined) expect(entry.since).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  test("every setting that a row names is one", () => {
    const known = JSON.stringify(messages({ no: 1, distro: { no: 1 } }));
    const nested = JSON.stringify(
      messages({ distro: { automount: { no: 1 }, interop: { no: 1 }, network: { no: 1 } } }),
    );
    for (const file of files) {
      for (const { setting } of TABLE[file]) {
        if (setting !== undefined) expect(known + nested).toContain(setting.split(".").at(-1));
      }
    }
  });

  test("names are found whatever their case, as WSL does it", () => {
    expect(findKey("wslconfig", "WSL2", "swapfile")?.key).toBe("swapFile");
    expect(findKey("wslConf", "Boot", "SYSTEMD")?.key).toBe("systemd");
    expect(FILE_NAME.wslConf).toBe("/etc/wsl.conf");
  });
});

test("defaults: systemd and drives with metadata; nothing about the virtual machine", () => {
  expect(parseSettings({}).wsl).toEqual({
    mode: "auto",
    cgroupV2: "auto",
    distro: {
      systemd: true,
      automount: { enabled: true, root: "/mnt/", metadata: true, umask: "022", options: [] },
      interop: {},
      network: {},
    },
    extra: { wslconfig: {}, wslConf: {} },
  });
});

test.each<[string, object, string]>([
  ["bridged", { networkingMode: "bridged" }, 'networkingMode: "bridged" is not allowed: WSL has declared it obsolete'],
  ["another mode", { networkingMode: "nta" }, 'networkingMode: "nta" is not allowed'],
  ["sparseVhd", { sparseVhd: true }, "--set-sparse true --allow-unsafe"],
  ["gradual with systemd", { autoMemoryReclaim: "gradual" }, "github.com/microsoft/WSL/issues/10675"],
  ["memory without unit", { memory: "8" }, "such as 8GB"],
  ["no memory", { memory: "0GB" }, "must be a whole positive number"],
  ["too little memory", { memory: "128MB" }, "WSL takes no less than 256MB"],
  ["no processors", { processors: 0 }, "must be at least 1"],
  ["swap in words", { swap: "none" }, 'must be "0" for none'],
  ["a Linux path", { swapFile: "/mnt/c/swap.vhdx" }, "must be a Windows path"],
  ["two lines", { kernelCommandLine: "a\nb" }, "must be one line"],
  ["ports without mirrored", { ignoredPorts: [3000] }, "only with networkingMode: mirrored"],
  ["loopback with nat", { hostAddressLoopback: true, networkingMode: "nat" }, "only with networkingMode: mirrored"],
  ["DNS parsing", { bestEffortDnsParsing: true, dnsTunneling: false }, "only with dnsTunneling: true"],
  ["proxy timeout", { initialAutoProxyTimeout: 5, autoProxy: false }, "only with autoProxy: true"],
  ["a mask", { distro: { automount: { umask: "9" } } }, "must be an octal mask"],
  ["a relative root", { distro: { automount: { root: "mnt" } } }, "must be an absolute folder"],
  ["options with an own setting", { distro: { automount: { options: ["uid=1"] } } }, "must be case=off"],
  ["a host name", { distro: { network: { hostname: "a b" } } }, "must be a host name"],
  ["a group as extra value", { extra: { wslconfig: { wsl2: { a: [1] } } } }, "a number, or true or false"],
])("%s is refused with the reason", (_, wsl, says) => {
  const told = messages(wsl);
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(says);
});

test.each<[string, object]>([
  ["gradual without systemd", { autoMemoryReclaim: "gradual", distro: { systemd: false } }],
  ["sparseVhd false", { sparseVhd: false }],
  ["mirrored with all of its own", { networkingMode: "mirrored", ignoredPorts: [53], hostAddressLoopback: true }],
  ["no swap", { swap: "0" }],
  ["GiB", { memory: "8GiB" }],
])("%s is allowed", (_, wsl) => expect(messages(wsl)).toEqual([]));

describe("keys without a setting", () => {
  const judge = (file: WslFile, section: string, key: string, value: string | number | boolean = true) =>
    extraProblems({ wslconfig: {}, wslConf: {}, [file]: { [section]: { [key]: value } } });

  test.each<[WslFile, string, string, string | number | boolean, string]>([
    ["wslConf", "automount", "crossDistro", true, "belongs to no documented section"],
    ["wslConf", "crossDistro", "crossDistro", true, "belongs to no documented section"],
    ["wslConf", "automount", "mountFsTabs", true, 'no documented key of [automount] in /etc/wsl.conf. Did you mean "'],
    [
      "wslConf",
      "automont",
      "x",
      true,
      '[automont] is no documented section of /etc/wsl.conf. Did you mean "automount"',
    ],
    ["wslConf", "wsl2", "memory", "8GB", "belongs into [wsl2] of .wslconfig, not into /etc/wsl.conf"],
    ["wslConf", "boot", "default", "ada", "belongs into [user] of /etc/wsl.conf, not into [boot]"],
    ["wslConf", "boot", "systemd", true, "write it as wsl.distro.systemd"],
    ["wslConf", "automount", "ldconfig", true, "documents it nowhere"],
    ["wslConf", "filesystem", "umask", "022", "documented no more"],
    ["wslconfig", "boot", "systemd", true, "belongs into [boot] of /etc/wsl.conf, not into .wslconfig"],
    ["wslconfig", "experimental", "networkingMode", "nat", "has left [experimental] for [wsl2]"],
    ["wslconfig", "experimental", "useWindowsDnsCache", true, "it is obsolete"],
    ["wslconfig", "wsl2", "pageReporting", true, "it is obsolete"],
    ["wslconfig", "wsl2", "ipv6", true, "documents it nowhere"],
    ["wslconfig", "wsl2", "memory", "8GB", "write it as wsl.memory"],
    ["wslconfig", "wsl2", "debugconsole", true, "is spelled [wsl2] debugConsole"],
    ["wslconfig", "wsl2", "debugConsole", "yes", "must be true or false"],
    ["wslconfig", "wsl2", "maxCrashDumpCount", 1.5, "must be a whole number"],
    ["wslconfig", "wsl2", "defaultVhdSize", "much", "must be a whole number of bytes"],
    ["wslconfig", "wsl2", "kernel", "/boot/vmlinuz", "must be a Windows path"],
  ])("%s [%s] %s = %s", (file, section, key, value, says) => {
    const told = judge(file, section, key, value);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(`wsl.extra.${file}.${section}.${key}: `);
    expect(told[0]).toContain(says);
  });

  test.each<[WslFile, string, string, string | number | boolean]>([
    ["wslconfig", "wsl2", "debugConsole", false],
    ["wslconfig", "wsl2", "kernel", "C:\\wsl\\kernel"],
    ["wslconfig", "wsl2", "defaultVhdSize", "256GB"],
    ["wslconfig", "wsl2", "maxCrashDumpCount", -1 + 1],
    ["wslconfig", "experimental", "dnsTunnelingIpAddress", "10.255.255.1"],
    ["wslConf", "boot", "protectBinfmt", false],
    ["wslConf", "gpu", "enabled", false],
  ])("%s [%s] %s = %s is allowed", (file, section, key, value) => {
    expect(judge(file, section, key, value)).toEqual([]);
  });
});
