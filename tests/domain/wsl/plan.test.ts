import { parseSettings } from "../../../config/load.ts";
import type { Facts } from "../../../domain/facts.ts";
import { cgroupMatrix } from "../../../domain/wsl/cgroup.ts";
import { planWsl, type WslAnswer } from "../../../domain/wsl/plan.ts";
import { iniText } from "../../../domain/wsl/values.ts";
import { folder, machine, windowsDrive, wslMachine } from "../machine.ts";

const plan = (wsl: object, facts: Facts): WslAnswer =>
  planWsl({
    stack: "dev",
    settings: parseSettings({ wsl }),
    facts,
    root: "/ws",
    home: "/home/ada",
    tools: [],
    absolute: (path) => path,
  });

const onWsl = (wsl: object, changes: Partial<Facts> = {}) => plan(wsl, wslMachine([], changes));
const told = ({ problems, warnings, pending }: WslAnswer) => ({ problems, warnings, pending });
const nothingToTell = { problems: [], warnings: [], pending: [] };

const KERNEL = "cgroup_no_v1=all systemd.unified_cgroup_hierarchy=1";

/** A WSL machine that mounts version 1 as well, as older ones do. */
function hybrid(commandLine = "", policy: Record<string, string> = {}): Facts {
  const facts = wslMachine();
  return {
    ...facts,
    machine: {
      ...facts.machine,
      cgroup: { filesystem: "tmpfs", controllers: [], memoryMin: false, hierarchy: "hybrid" },
      kernelCommandLine: commandLine,
    },
    wsl: { ...facts.wsl, policy },
  };
}

describe("files", () => {
  test("by default systemd and the drives' options; nothing about the virtual machine", () => {
    const answer = onWsl({});
    expect(answer.wsl).toEqual({
      mode: "live",
      files: {
        wslConf: {
          path: "/etc/wsl.conf",
          values: {
            boot: { systemd: "true" },
            automount: { enabled: "true", root: "/mnt/", options: '"metadata,uid=1000,gid=1000,umask=022"' },
          },
        },
      },
    });
    expect(told(answer)).toEqual(nothingToTell);
  });

  test("plain Linux gets the same file in the staging folder, and is not told about versions", () => {
    const answer = plan({ memory: "8GiB", firewall: true }, machine());
    expect(answer.wsl?.mode).toBe("staged");
    expect(answer.wsl?.files).toMatchObject({
      wslConf: { path: "/ws/.workstation/dev/machine/etc/wsl.conf" },
      wslconfig: {
        path: "/ws/.workstation/dev/machine/windows/.wslconfig",
        values: { wsl2: { memory: "8GB", firewall: "true" } },
      },
    });
    expect(told(answer)).toEqual(nothingToTell);
  });

  test("off: no files", () => {
    expect(onWsl({ mode: "off", memory: "8GB" })).toEqual({ wsl: undefined, ...nothingToTell });
  });

  test("live on another Linux writes, and says that nothing reads it", () => {
    const answer = plan({ mode: "live" }, machine());
    expect(answer.wsl?.files.wslConf?.path).toBe("/etc/wsl.conf");
    expect(answer.warnings).toEqual([expect.stringContaining("this is no WSL machine")]);
    expect(answer.pending).toEqual([]);
  });

  test("live with a Windows profile that is not known: a problem only when .wslconfig is needed", () => {
    const windows = { ...wslMachine().windows, profile: "", error: "powershell.exe did not end within 10 s" };
    expect(onWsl({}, { windows }).problems).toEqual([]);
    expect(onWsl({ swap: "0" }, { windows }).problems).toEqual([
      expect.stringMatching(/profile.*\(powershell\.exe did not end within 10 s\).*wsl\.mode to staged/),
    ]);
    expect(onWsl({ swap: "0" }).wsl?.files.wslconfig?.path).toBe("/mnt/c/Users/ada/.wslconfig");
  });

  test("every setting in its section, spelled as WSL reads it", () => {
    const { wsl } = onWsl({
      memory: "12GiB",
      processors: 6,
      swap: "0",
      swapFile: "D:\\wsl\\swap.vhdx",
      networkingMode: "mirrored",
      dnsTunneling: true,
      firewall: true,
      autoProxy: false,
      nestedVirtualization: false,
      vmIdleTimeout: 60000,
      guiApplications: false,
      kernelCommandLine: " vsyscall=emulate  quiet ",
      autoMemoryReclaim: "dropCache",
      sparseVhd: false,
      hostAddressLoopback: true,
      bestEffortDnsParsing: true,
      ignoredPorts: [3000, 9000],
      distro: {
        systemd: false,
        bootCommand: "service cron start # daily",
        automount: { root: "/windir", metadata: false, uid: 5, umask: "077", fmask: "11", options: ["case=dir"] },
        interop: { appendWindowsPath: false },
        network: { hostname: "box", generateHosts: false },
        defaultUser: "ada",
        useWindowsTimezone: false,
      },
      extra: { wslconfig: { wsl2: { kernel: "C:\\wsl\\kernel" } }, wslConf: { gpu: { enabled: false } } },
    });
    expect(wsl?.files.wslconfig?.values).toEqual({
      wsl2: {
        memory: "12GB",
        processors: "6",
        swap: "0",
        swapFile: "D:\\\\wsl\\\\swap.vhdx",
        networkingMode: "mirrored",
        dnsTunneling: "true",
        firewall: "true",
        autoProxy: "false",
        nestedVirtualization: "false",
        vmIdleTimeout: "60000",
        guiApplications: "false",
        kernelCommandLine: "vsyscall=emulate quiet",
        kernel: "C:\\\\wsl\\\\kernel",
      },
      experimental: {
        autoMemoryReclaim: "dropCache",
        sparseVhd: "false",
        hostAddressLoopback: "true",
        bestEffortDnsParsing: "true",
        ignoredPorts: "3000,9000",
      },
    });
    expect(wsl?.files.wslConf?.values).toEqual({
      boot: { systemd: "false", command: '"service cron start # daily"' },
      automount: {
        enabled: "true",
        root: "/windir/",
        options: '"uid=5,gid=1000,umask=077,fmask=11,case=dir"',
      },
      interop: { appendWindowsPath: "false" },
      network: { hostname: "box", generateHosts: "false" },
      user: { default: "ada" },
      time: { useWindowsTimezone: "false" },
      gpu: { enabled: "false" },
    });
  });

  test("root leaves the drives' owner to WSL; drives that are not mounted have no options", () => {
    const user = { name: "root", uid: 0, gid: 0, home: "/root" };
    expect(onWsl({}, { user }).wsl?.files.wslConf?.values.automount?.options).toBe('"metadata,umask=022"');
    expect(onWsl({ distro: { automount: { enabled: false } } }).wsl?.files.wslConf?.values.automount).toEqual({
      enabled: "false",
    });
  });

  test.each([
    ["plain", "plain"],
    ["C:\\wsl", "C:\\\\wsl"],
    ["a # b", '"a # b"'],
    [' say "x"', '" say \\"x\\""'],
    ["", '""'],
    [true, "true"],
    [5, "5"],
  ])("%j behind the equals sign is %s", (value, text) => expect(iniText(value)).toBe(text));
});

describe("cgroup v2", () => {
  const kernelOf = (wsl: object, facts: Facts) => plan(wsl, facts).wsl?.files.wslconfig?.values.wsl2?.kernelCommandLine;

  test.each<[string, object, Facts, string | undefined]>([
    ["runs: nothing is written", {}, wslMachine(), undefined],
    ["does not run: written", {}, hybrid(), KERNEL],
    ["does not run: behind the person's own", { kernelCommandLine: "quiet" }, hybrid(), `quiet ${KERNEL}`],
    ["runs with ours: they stay", {}, { ...wslMachine(), machine: running(`nr_cpus=8 ${KERNEL}`) }, KERNEL],
    ["runs, WSL itself keeps version 1 out", {}, { ...wslMachine(), machine: running("cgroup_no_v1=all") }, undefined],
    ["the settings remove them", { cgroupV2: "never" }, hybrid(KERNEL), undefined],
    ["written twice is written once", { kernelCommandLine: KERNEL }, hybrid(), KERNEL],
    ["plain Linux with version 1", {}, { ...hybrid(), system: machine().system }, undefined],
    ["not known", {}, { ...wslMachine(), machine: unknownCgroup() }, undefined],
    ["controllers are in version 1", {}, { ...wslMachine(), machine: withoutControllers() }, KERNEL],
  ])("%s", (_, wsl, facts, expected) => expect(kernelOf(wsl, facts)).toBe(expected));

  function running(kernelCommandLine: string): Facts["machine"] {
    return { ...wslMachine().machine, kernelCommandLine };
  }
  function unknownCgroup(): Facts["machine"] {
    const facts = wslMachine().machine;
    return { ...facts, cgroup: { filesystem: "", controllers: [], memoryMin: false, hierarchy: "" } };
  }
  function withoutControllers(): Facts["machine"] {
    const facts = wslMachine().machine;
    return { ...facts, cgroup: { ...facts.cgroup, controllers: [], memoryMin: false } };
  }

  test("from first probe over the restart to later runs the file stays the same", () => {
    const before = kernelOf({}, hybrid());
    const after = kernelOf({}, { ...wslMachine(), machine: running(`nr_cpus=8 ${before}`) });
    expect([before, after]).toEqual([KERNEL, KERNEL]);
  });

  test("pending until the kernel has them; told once; and pending again when they are taken away", () => {
    const first = plan({}, hybrid());
    expect(first.warnings).toEqual([expect.stringContaining("belong into wsl.kernelCommandLine")]);
    expect(first.pending).toEqual([
      {
        resource: "wsl-wslconfig",
        field: "wsl2.kernelCommandLine",
        wanted: KERNEL,
        running: "",
        needs: "wsl-shutdown",
      },
    ]);
    const runs = { ...wslMachine(), machine: running(KERNEL) };
    expect(told(plan({}, runs))).toEqual(nothingToTell);
    expect(plan({ cgroupV2: "never" }, runs).pending).toEqual([
      expect.objectContaining({ field: "wsl2.kernelCommandLine", wanted: "", running: KERNEL }),
    ]);
  });

  test("a policy that ignores them is reported, and nothing waits for a restart", () => {
    const answer = plan({}, hybrid("", { AllowKernelCommandLineUserSetting: "0" }));
    expect(answer.warnings).toContainEqual(
      expect.stringContaining("wsl.kernelCommandLine: WSL ignores it here, because the policy AllowKernelCommandLine"),
    );
    expect(answer.pending).toEqual([]);
  });

  test("the matrix: four rows, each with what was found", () => {
    expect(cgroupMatrix(wslMachine().machine).map(({ good }) => good)).toEqual([true, true, true, true]);
    expect(cgroupMatrix(hybrid().machine)).toEqual([
      { name: "file system at /sys/fs/cgroup", found: "tmpfs", good: false },
      { name: "memory in cgroup.controllers", found: "none", good: false },
      { name: "memory.min in a child group", found: "missing", good: false },
      { name: "systemd's hierarchy", found: "hybrid", good: false },
    ]);
    expect(cgroupMatrix({ ...wslMachine().machine, init: "other" })[3]?.found).toBe("systemd does not run");
  });
});

describe("versions and policies", () => {
  const wslIs = (version: string, policy: Record<string, string> = {}) => ({
    wsl: { ...wslMachine().wsl, version, policy },
  });
  const windowsIs = (build: number | undefined) => {
    const { build: _, ...windows } = wslMachine().windows;
    return { windows: build === undefined ? windows : { ...windows, build } };
  };

  test.each<[string, object, Partial<Facts>, string[]]>([
    ["an older WSL", { dnsTunneling: true }, wslIs("1.2.5.0"), ["wsl.dnsTunneling: needs WSL 2.0.0 or newer, this is"]],
    ["systemd by default", {}, wslIs("0.65.1.0"), ["wsl.distro.systemd: needs WSL 0.67.6 or newer"]],
    ["a version that has it", { dnsTunneling: true }, wslIs("2.0.0.0"), []],
    ["mirrored", { networkingMode: "mirrored" }, windowsIs(22000), ["needs Windows 11 22H2 (build 22621)"]],
    ["nat", { networkingMode: "nat" }, windowsIs(19045), []],
    ["Windows 10", { vmIdleTimeout: 5 }, windowsIs(19045), ["needs Windows 11 (build 22000), this is build 19045"]],
    [
      "an extra key",
      { extra: { wslconfig: { wsl2: { safeMode: true } } } },
      windowsIs(19045),
      ["extra.wslconfig.wsl2."],
    ],
  ])("%s", (_, wsl, changes, expected) => {
    const { problems } = onWsl(wsl, changes);
    expect(problems).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) expect(problems[index]).toContain(text);
  });

  test("not known: one warning that names what was not checked", () => {
    const answer = onWsl({ networkingMode: "mirrored", dnsTunneling: true }, { ...wslIs(""), ...windowsIs(undefined) });
    expect(answer.problems).toEqual([]);
    expect(answer.warnings).toEqual([
      "The version of WSL or Windows is not known, so whether it has these is not checked: wsl.networkingMode (Windows 11 22H2), wsl.dnsTunneling (WSL 2.0.0), wsl.dnsTunneling (Windows 11 22H2), wsl.distro.systemd (WSL 0.67.6).",
    ]);
  });

  test.each<[string, object, Record<string, string>, boolean]>([
    ["mirrored forbidden", { networkingMode: "mirrored" }, { AllowNetworkingModeUserSetting: "0" }, true],
    ["nat is WSL's own", { networkingMode: "nat" }, { AllowNetworkingModeUserSetting: "0" }, false],
    [
      "mirrored is the policy's own",
      { networkingMode: "mirrored" },
      { AllowNetworkingModeUserSetting: "0", DefaultNetworkingMode: "3" },
      false,
    ],
    ["no network is always allowed", { networkingMode: "none" }, { AllowNetworkingModeUserSetting: "0" }, false],
    ["no firewall", { firewall: false }, { AllowFirewallUserSetting: "0" }, true],
    ["a firewall", { firewall: true }, { AllowFirewallUserSetting: "0" }, false],
    ["nested", { nestedVirtualization: true }, { AllowNestedVirtualization: "0" }, true],
    ["not nested", { nestedVirtualization: false }, { AllowNestedVirtualization: "0" }, false],
    ["allowed", { firewall: false }, { AllowFirewallUserSetting: "1" }, false],
  ])("policy: %s", (_, wsl, policy, ignored) => {
    const { warnings, pending } = onWsl(wsl, wslIs("2.3.26.0", policy));
    expect(warnings.some((text) => text.includes("WSL ignores it here"))).toBe(ignored);
    if (ignored) expect(pending).toEqual([]);
  });

  test.each<[string, object, string]>([
    ["forwarding with mirrored", { networkingMode: "mirrored", localhostForwarding: true }, "wsl.localhostForwarding"],
    ["no firewall with mirrored", { networkingMode: "mirrored", firewall: false }, "always has the firewall on"],
    ["dnsProxy without nat", { networkingMode: "none", dnsProxy: true }, "wsl.dnsProxy"],
    ["no interop", { distro: { interop: { enabled: false } } }, "nothing here can start Windows programs"],
  ])("%s is warned of", (_, wsl, says) => {
    expect(onWsl(wsl).warnings).toContainEqual(expect.stringContaining(says));
  });

  test("a wrong key stops the plan", () => {
    expect(onWsl({ extra: { wslConf: { automount: { crossDistro: true } } } }).problems).toEqual([
      expect.stringContaining("wsl.extra.wslConf.automount.crossDistro: belongs to no documented section"),
    ]);
  });
});

describe("pending: what is wanted does not run", () => {
  const GB = 2 ** 30;
  const runs = (changes: Partial<Facts["machine"]>): Partial<Facts> => ({
    machine: { ...wslMachine().machine, ...changes },
  });
  const wslRuns = (changes: Partial<Facts["wsl"]>): Partial<Facts> => ({ wsl: { ...wslMachine().wsl, ...changes } });

  test.each<[string, object, Partial<Facts>, [string, string, string, string][]]>([
    ["nothing written", {}, {}, []],
    ["another mode", { networkingMode: "mirrored" }, {}, [["wsl2.networkingMode", "mirrored", "nat", "wsl-shutdown"]]],
    ["the same mode", { networkingMode: "mirrored" }, wslRuns({ networkingMode: "mirrored" }), []],
    ["the mode's newer name", { networkingMode: "virtioproxy" }, wslRuns({ networkingMode: "consomme" }), []],
    ["a mode that is not known", { networkingMode: "mirrored" }, wslRuns({ networkingMode: "" }), []],
    ["memory, less what the kernel keeps", { memory: "16GB" }, runs({ memory: 15.6 * GB }), []],
    ["more memory", { memory: "16GB" }, runs({ memory: 8 * GB }), [["wsl2.memory", "16GB", "8192MB", "wsl-shutdown"]]],
    ["less memory", { memory: "8GB" }, runs({ memory: 8.5 * GB }), [["wsl2.memory", "8GB", "8704MB", "wsl-shutdown"]]],
    ["swap, less its header", { swap: "4GB" }, runs({ swap: 4 * GB - 4096 }), []],
    ["no swap", { swap: "0" }, {}, [["wsl2.swap", "0", "4096MB", "wsl-shutdown"]]],
    ["processors", { processors: 4 }, {}, [["wsl2.processors", "4", "8", "wsl-shutdown"]]],
    ["systemd", {}, runs({ init: "other" }), [["boot.systemd", "true", "false", "wsl-terminate"]]],
    ["no systemd", { distro: { systemd: false } }, {}, [["boot.systemd", "false", "true", "wsl-terminate"]]],
    [
      "the name",
      { distro: { network: { hostname: "box" } } },
      {},
      [["network.hostname", "box", "devbox", "wsl-terminate"]],
    ],
    [
      "interop",
      { distro: { interop: { enabled: false } } },
      {},
      [["interop.enabled", "false", "true", "wsl-terminate"]],
    ],
    ["the user", { distro: { defaultUser: "bob" } }, {}, [["user.default", "bob", "ada", "wsl-terminate"]]],
    ["a user that is not known", { distro: { defaultUser: "bob" } }, wslRuns({ defaultUser: "" }), []],
    ["drives", {}, runs({ mounts: [] }), [["automount.enabled", "true", "false", "wsl-terminate"]]],
    [
      "no drives",
      { distro: { automount: { enabled: false } } },
      {},
      [["automount.enabled", "false", "true", "wsl-terminate"]],
    ],
    [
      "another root",
      { distro: { automount: { root: "/windir" } } },
      {},
      [["automount.root", "/windir/", "/mnt/", "wsl-terminate"]],
    ],
    [
      "metadata",
      {},
      runs({ mounts: [windowsDrive("c", ["uid=1000", "gid=1000"])] }),
      [["automount.options", "metadata,uid=1000,gid=1000,umask=022", "/mnt/c: uid=1000,gid=1000", "wsl-terminate"]],
    ],
    [
      "a mask spelled otherwise",
      {},
      runs({ mounts: [windowsDrive("c", ["metadata", "uid=1000", "gid=1000", "umask=22"])] }),
      [],
    ],
    [
      "WSL's own owner before ours",
      {},
      runs({ mounts: [windowsDrive("c", ["uid=1001", "gid=1001", "metadata", "uid=1000", "gid=1000", "umask=22"])] }),
      [],
    ],
    ["virtiofs hides its options", {}, runs({ mounts: [{ ...windowsDrive("c", []), type: "virtiofs" }] }), []],
    [
      "a folder of Docker Desktop",
      {},
      runs({ mounts: [windowsDrive("c"), { ...windowsDrive("c", []), target: "/Docker/host" }] }),
      [],
    ],
  ])("%s", (_, wsl, changes, expected) => {
    const { pending } = onWsl(wsl, changes);
    expect(pending.map(({ field, wanted, running, needs }) => [field, wanted, running, needs])).toEqual(expected);
    for (const { field, resource } of pending) {
      expect(resource).toBe(/^(wsl2|experimental)\./.test(field) ? "wsl-wslconfig" : "wsl-wslconf");
    }
  });

  test("WSL 1 has no kernel of its own: a warning, no kernel arguments, nothing to restart for", () => {
    const facts = hybrid();
    facts.machine.mounts = [{ ...windowsDrive("c"), type: "drvfs" }];
    const { wsl, pending, warnings } = plan({ processors: 4 }, facts);
    expect(wsl?.files.wslconfig?.values).toEqual({ wsl2: { processors: "4" } });
    expect(pending).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining("--set-version NAME 2")]);
  });

  test("staged files are nobody's to restart for", () => {
    expect(onWsl({ mode: "staged", processors: 4, distro: { systemd: false } }).pending).toEqual([]);
  });
});

describe("projects on Windows drives", () => {
  test("are warned of, with the setting that helps", () => {
    const facts = wslMachine([folder("/mnt/c/src/shop"), folder("/home/ada/shop"), folder("/mnt/cde/x")]);
    const { warnings } = plan({ mode: "off" }, facts);
    expect(warnings).toEqual([
      expect.stringMatching(/^\/mnt\/c\/src\/shop is .*"remote\.WSL\.fileWatcher\.polling": true/),
    ]);
    expect(warnings[0]).not.toContain("without metadata");
  });

  test("without metadata that is said too", () => {
    const facts = wslMachine([folder("/mnt/c/src")]);
    facts.machine.mounts = [windowsDrive("c", [])];
    expect(plan({}, facts).warnings[0]).toContain("/mnt/c is mounted without metadata");
  });
});
