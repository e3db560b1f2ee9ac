/** Settings of `wsl`: `.wslconfig` on the Windows side and `/etc/wsl.conf` in the distribution. */
import { z } from "zod";
import { wslBytes } from "./units.ts";
import { distro } from "./wsl-distro.ts";

const LEAST_MEMORY = "256MB";

const memory = z
  .string()
  .regex(/^[1-9]\d*(M|G|T)i?B$/, {
    error: "must be a whole positive number followed by MB, GB or TB, such as 8GB",
    abort: true,
  })
  .refine((size) => wslBytes(size) >= wslBytes(LEAST_MEMORY), `WSL takes no less than ${LEAST_MEMORY}`);

const swap = z
  .string()
  .regex(/^(0|[1-9]\d*(M|G|T)i?B)$/, 'must be "0" for none, or a whole number followed by MB, GB or TB, such as 4GB');

const WINDOWS_PATH = /^[A-Za-z]:[\\/][^"#\r\n]*$/;

const milliseconds = z.int().min(0).max(2_147_483_647);

const networkingMode = z
  .enum(["nat", "mirrored", "none", "virtioproxy", "bridged"])
  .refine(
    (mode) => mode !== "bridged",
    "WSL has declared it obsolete (2.4.5) and warns at each start; write mirrored for the machine's own network, nat for a private one",
  )
  .meta({ enum: ["nat", "mirrored", "none", "virtioproxy"] });

const sparseVhd = z
  .boolean()
  .refine(
    (sparse) => !sparse,
    "WSL has switched sparse disks off because they can lose data. Who accepts that does it for one distribution, by hand, after a backup: wsl.exe --manage NAME --set-sparse true --allow-unsafe",
  );

const scalar = z.union([z.string().regex(/^[^\r\n]*$/, "must be one line"), z.number(), z.boolean()]);

const extra = (file: string) =>
  z
    .record(z.string().min(1), z.record(z.string().min(1), scalar))
    .default({})
    .describe(
      `Documented keys of ${file} that have no setting here, as \`section: { key: value }\`. Checked against the table of documented settings.`,
    );

const written = z.strictObject({
  mode: z
    .enum(["auto", "live", "staged", "off"])
    .default("auto")
    .describe(
      "`live` writes the real files of this WSL machine; `staged` writes the same files below .workstation/<stack>/machine, to be reviewed or tested anywhere; `auto` is live inside WSL and staged elsewhere.",
    ),
  memory: memory
    .optional()
    .describe("Memory of the virtual machine, such as 8GB. WSL's own default: half of Windows'."),
  processors: z.int().min(1).max(1024).optional().describe("Processors of the virtual machine. Default: all."),
  swap: swap.optional().describe('Swap space, such as 4GB; "0" for none. WSL\'s own default: a quarter of the memory.'),
  swapFile: z
    .string()
    .regex(WINDOWS_PATH, "must be a Windows path such as C:\\wsl\\swap.vhdx")
    .optional()
    .describe("Windows path of the swap disk."),
  networkingMode: networkingMode
    .optional()
    .describe("How the virtual machine reaches the network. WSL's own default: nat. mirrored needs Windows 11 22H2."),
  dnsTunneling: z.boolean().optional().describe("DNS through Windows instead of through packets. Default: true."),
  firewall: z.boolean().optional().describe("Windows' firewall rules filter WSL's traffic. Default: true."),
  autoProxy: z.boolean().optional().describe("WSL takes over Windows' proxy. Default: true."),
  dnsProxy: z.boolean().optional().describe("With nat: DNS goes to Windows' address. Default: true."),
  localhostForwarding: z.boolean().optional().describe("With nat: Windows reaches WSL's ports on localhost."),
  nestedVirtualization: z.boolean().optional().describe("Virtual machines inside WSL. Default: true."),
  vmIdleTimeout: milliseconds.optional().describe("Milliseconds until an idle virtual machine stops. Default: 60000."),
  guiApplications: z.boolean().optional().describe("Graphical Linux programs (WSLg). Default: true."),
  kernelCommandLine: z
    .string()
    .regex(/^[\x20-\x7e]*$/, "must be one line of plain characters")
    .optional()
    .describe("Further arguments of the kernel. Those for cgroup v2 are added to them, see cgroupV2."),
  cgroupV2: z
    .enum(["auto", "never"])
    .default("auto")
    .describe(
      "`auto` adds the kernel's arguments for cgroup v2 where WSL runs with version 1 or a mixture, and keeps them from then on; `never` leaves them out and takes them away.",
    ),
  autoMemoryReclaim: z
    .enum(["disabled", "gradual", "dropCache"])
    .optional()
    .describe("How cached memory goes back to Windows. gradual is refused together with systemd. Default: dropCache."),
  sparseVhd: sparseVhd.optional().describe("Only false: WSL has switched sparse disks off because they can lose data."),
  hostAddressLoopback: z.boolean().optional().describe("With mirrored: Windows' own addresses reach WSL and back."),
  bestEffortDnsParsing: z.boolean().optional().describe("With dnsTunneling: unknown DNS records are passed over."),
  initialAutoProxyTimeout: milliseconds.optional().describe("With autoProxy: milliseconds to wait for the proxy."),
  ignoredPorts: z
    .array(z.int().min(1).max(65535))
    .min(1)
    .optional()
    .describe("With mirrored: ports that Linux may use although Windows does too."),
  distro,
  extra: z
    .strictObject({ wslconfig: extra(".wslconfig"), wslConf: extra("/etc/wsl.conf") })
    .prefault({})
    .describe("Further keys."),
});

type Written = z.output<typeof written>;

/** Settings that WSL passes over in silence, or that hurt, together with others. */
function conflicts(settings: Written): { key: keyof Written; message: string }[] {
  const found: { key: keyof Written; message: string }[] = [];
  const without = (key: keyof Written, needs: boolean, message: string) => {
    if (settings[key] !== undefined && settings[key] !== false && !needs) found.push({ key, message });
  };
  const mirrored = settings.networkingMode === "mirrored";
  without("hostAddressLoopback", mirrored, "WSL reads it only with networkingMode: mirrored; add that, or take it out");
  without("ignoredPorts", mirrored, "WSL reads it only with networkingMode: mirrored; add that, or take it out");
  without("bestEffortDnsParsing", settings.dnsTunneling !== false, "WSL reads it only with dnsTunneling: true");
  without("initialAutoProxyTimeout", settings.autoProxy !== false, "WSL reads it only with autoProxy: true");
  if (settings.autoMemoryReclaim === "gradual" && settings.distro.systemd) {
    found.push({
      key: "autoMemoryReclaim",
      message:
        "it works on the memory cgroup that systemd manages: with systemd, commands hang for minutes after an idle time and a Docker daemon in the distribution may not start (github.com/microsoft/WSL/issues/10675, 10497). Write dropCache or disabled, or set wsl.distro.systemd to false",
    });
  }
  return found;
}

export const wsl = written
  .check(({ value, issues }) => {
    for (const { key, message } of conflicts(value))
      issues.push({ code: "custom", path: [key], message, input: value[key] });
  })
  .prefault({})
  .describe("WSL's own settings. Only what is written here, and the defaults shown, goes into WSL's files.");

export type WslSettings = z.output<typeof wsl>;
