/** Settings of `wsl.distro`: `/etc/wsl.conf`. */
import { z } from "zod";

const mask = z.string().regex(/^0?[0-7]{1,3}$/, 'must be an octal mask in quotes, such as "022"');
const id = z.int().min(0).max(4_294_967_294);

/** Of DrvFs, the file system of Windows drives. Options of mount(8) have no effect there. */
export const DRVFS_OPTIONS = ["metadata", "uid", "gid", "umask", "fmask", "dmask", "case"];

const automount = z
  .strictObject({
    enabled: z.boolean().default(true).describe("Windows drives are mounted."),
    root: z
      .string()
      .regex(/^\/([A-Za-z0-9._-]+\/?)*$/, "must be an absolute folder such as /mnt/")
      .default("/mnt/")
      .describe("Folder below which they are mounted. Links to Windows paths follow it."),
    metadata: z
      .boolean()
      .default(true)
      .describe("Owner and permissions that Linux sets on Windows files are kept; without it chmod has no effect."),
    uid: id.optional().describe("Owner of files without metadata. Default: whoever runs `up`; WSL's own for root."),
    gid: id.optional().describe("Group of files without metadata. Default: as uid."),
    umask: mask.default("022").describe("Permissions taken from all files and folders."),
    fmask: mask.optional().describe("Permissions taken from files, beside umask."),
    dmask: mask.optional().describe("Permissions taken from folders, beside umask."),
    options: z
      .array(z.string().regex(/^case=(off|dir|force)$/, "must be case=off, case=dir or case=force"))
      .max(1)
      .default([])
      .describe("Further DrvFs options: case=off, case=dir or case=force. The others have a setting of their own."),
    mountFsTab: z.boolean().optional().describe("/etc/fstab is mounted too. WSL's own default: true."),
  })
  .prefault({});

const interop = z
  .strictObject({
    enabled: z.boolean().optional().describe("Windows programs can be started. WSL's own default: true."),
    appendWindowsPath: z.boolean().optional().describe("Windows' PATH is added. WSL's own default: true."),
  })
  .prefault({});

const network = z
  .strictObject({
    hostname: z
      .string()
      .regex(/^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/, "must be a host name: letters, digits and dashes")
      .optional()
      .describe("Name of this system. WSL's own default: Windows' name."),
    generateHosts: z.boolean().optional().describe("WSL writes /etc/hosts. WSL's own default: true."),
    generateResolvConf: z.boolean().optional().describe("WSL writes /etc/resolv.conf. WSL's own default: true."),
  })
  .prefault({});

export const distro = z
  .strictObject({
    systemd: z.boolean().default(true).describe("systemd is the first process."),
    bootCommand: z
      .string()
      .regex(/^[^\r\n]+$/, "must be one line")
      .optional()
      .describe("Run as root when the distribution starts. Not for secrets: everyone can read the file."),
    automount,
    interop,
    network,
    defaultUser: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,31}$/, "must be a user's name")
      .optional()
      .describe("User of new shells. WSL's own default: the one made at the first start."),
    useWindowsTimezone: z.boolean().optional().describe("The time zone follows Windows. WSL's own default: true."),
  })
  .prefault({})
  .describe("This distribution: /etc/wsl.conf.");

export type DistroSettings = z.output<typeof distro>;
