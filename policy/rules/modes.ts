import { type Container, defineRule, type Report, type Rule } from "../rule.ts";

const WRITE_BY_OTHERS = 0o002;
const STICKY = 0o1000;
/** Runs with the rights of the file's owner or group. */
const SET_ID = 0o6000;

const octal = (text: string): number => (/^[0-7]{3,5}$/.test(text) ? Number.parseInt(text, 8) : Number.NaN);

/** The last of two equal options counts. */
function optionOf(options: string, name: string): string | undefined {
  const found = options.split(",").findLast((option) => option.trim().startsWith(`${name}=`));
  return found?.slice(found.indexOf("=") + 1).trim();
}

/** A folder in memory: Docker's own default is 1777, where nobody removes another's files. */
const isOpen = (mode: number): boolean => (mode & WRITE_BY_OTHERS) !== 0 && (mode & STICKY) === 0;

function judgeMemory({ tmpfs, mounts }: Container, report: Report): void {
  for (const [folder, options] of Object.entries(tmpfs ?? {})) {
    const mode = optionOf(options, "mode");
    if (mode !== undefined && isOpen(octal(mode))) report(`${folder} is in memory with mode ${mode}`, "tmpfs");
  }
  for (const [i, { type, target, tmpfsOptions }] of (mounts ?? []).entries()) {
    const mode = tmpfsOptions?.mode;
    if (type === "tmpfs" && mode !== undefined && isOpen(mode)) {
      report(`${target} is in memory with mode ${mode.toString(8)}`, `mounts[${i}].tmpfsOptions.mode`);
    }
  }
}

export function fileModes(): Rule {
  return defineRule({
    id: "file-modes",
    title: "Files and mounts are not writable for everybody, and lend nobody's rights",
    why: "What everybody may write, the least trusted program on the machine may replace, and others then run or believe it; a set-user-id file hands its owner's rights to whoever starts it.",
    fix: 'Set `permissions` to "0644", "0755" or less; `mode=0700` or `mode=1777` for folders in memory; and a umask such as 022 in the options of a volume.',
    reference: "CIS Distribution Independent Linux Benchmark 2.0.0, 6.1.10 and 6.1.13; CWE-732",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      "workstation:index:ManagedFile"({ permissions }, report) {
        const mode = octal(permissions ?? "0644");
        if ((mode & WRITE_BY_OTHERS) !== 0) report(`permissions ${permissions} let everybody write`, "permissions");
        if ((mode & SET_ID) !== 0) report(`permissions ${permissions} lend the owner's rights`, "permissions");
      },
      "docker:index/container:Container": judgeMemory,
      "docker:index/volume:Volume"({ driverOpts }, report) {
        const options = driverOpts?.o ?? "";
        const mode = optionOf(options, "mode");
        if (mode !== undefined && isOpen(octal(mode))) report(`mode is ${mode}`, "driverOpts.o");
        for (const name of ["umask", "file_mode", "dir_mode"]) {
          const value = optionOf(options, name);
          if (value === undefined) continue;
          const open = name === "umask" ? ~Number.parseInt(value, 8) : Number.parseInt(value, 8);
          if ((open & WRITE_BY_OTHERS) !== 0) report(`${name} is ${value}`, "driverOpts.o");
        }
      },
    },
  });
}
