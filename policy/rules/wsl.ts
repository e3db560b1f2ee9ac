import type { FileValue } from "../../resources/workstation.ts";
import { defineRule, type Report, type Rule } from "../rule.ts";

/** A ManagedFile as far as it is judged. */
interface File {
  path?: string;
  content?: string;
  values?: Record<string, FileValue>;
}

/** Section and key in lower case, because WSL does not tell their case apart. */
type Keys = Map<string, string>;

const keyName = (section: string, key: string): string => `${section}.${key}`.toLowerCase();

/** Quotes belong to the file, not to the value. */
const unquoted = (value: string): string => /^\s*"(.*)"\s*$/.exec(value)?.[1] ?? value.trim();

function declaredKeys(values: Record<string, FileValue>): Keys {
  const keys: Keys = new Map();
  for (const [section, entries] of Object.entries(values)) {
    if (typeof entries !== "object" || entries === null) continue;
    for (const [key, value] of Object.entries(entries)) keys.set(keyName(section, key), unquoted(String(value)));
  }
  return keys;
}

/** A file that is written whole is judged too. WSL takes the first of two equal keys. */
function writtenKeys(content: string): Keys {
  const keys: Keys = new Map();
  let section = "";
  for (const line of content.split(/\r?\n/)) {
    const heading = /^\s*\[([^\]]*)\]/.exec(line)?.[1];
    const [, key, value] = /^\s*([^#=\s][^=]*?)\s*=\s*("[^"]*"|[^#]*)/.exec(line) ?? [];
    if (heading !== undefined) section = heading.trim();
    else if (key !== undefined && !keys.has(keyName(section, key)))
      keys.set(keyName(section, key), unquoted(value ?? ""));
  }
  return keys;
}

function keysOf({ content, values }: File): Keys {
  return values === undefined ? writtenKeys(content ?? "") : declaredKeys(values);
}

/** Reports that name the property which has the text. */
const about = ({ values }: File, report: Report): Report => {
  const path = values === undefined ? "content" : "values";
  return (message) => report(message, path);
};

const isFile = (path: string | undefined, name: string): boolean =>
  path !== undefined && (path.toLowerCase() === name || path.toLowerCase().endsWith(`/${name}`));

/** WSL's own spellings of false. */
const isFalse = (value: string | undefined): boolean => value !== undefined && /^(false|0)$/i.test(value);

/** Kernel arguments that take away what keeps programs apart. */
const UNSAFE_ARGUMENTS = new Set(["mitigations=off", "nopti", "nosmap", "nosmep", "nokaslr", "spectre_v2=off"]);

function judgeVirtualMachine(keys: Keys, report: Report): void {
  // Under its old heading it still counts.
  for (const section of ["wsl2", "experimental"]) {
    if (isFalse(keys.get(keyName(section, "firewall")))) report(`[${section}] firewall is false`);
  }
  for (const word of (keys.get("wsl2.kernelcommandline") ?? "").split(/\s+/)) {
    if (UNSAFE_ARGUMENTS.has(word.toLowerCase())) report(`[wsl2] kernelCommandLine has ${word}`);
  }
}

const WRITE_BY_OTHERS = 0o002;

/** Masks add up: `umask` holds for files and folders, `fmask` and `dmask` for one of them. */
function judgeMounts(keys: Keys, report: Report): void {
  const options = (keys.get("automount.options") ?? "").split(",").map((option) => option.trim());
  const mask = (name: string): number | undefined => {
    const found = options.findLast((option) => option.startsWith(`${name}=`));
    return found === undefined ? undefined : Number.parseInt(found.slice(name.length + 1), 8);
  };
  const both = mask("umask") ?? 0o022;
  for (const [name, what] of [
    ["fmask", "files"],
    ["dmask", "folders"],
  ] as const) {
    if (((both | (mask(name) ?? 0)) & WRITE_BY_OTHERS) === 0)
      report(`[automount] options let every user write ${what} of Windows drives`);
  }
}

const TYPE = "workstation:index:ManagedFile";

export function wslIsolation(): Rule {
  return defineRule({
    id: "wsl-isolation",
    title: "WSL keeps its firewall, the kernel's protections and the owners of Windows files",
    why: "Without the firewall whatever listens in WSL is open to the network past Windows' rules; without mitigations one program reads another's memory; drives that all may write let any service in the distribution change the Windows user's files, and with them what Windows runs.",
    fix: "Leave `firewall` out of .wslconfig, take such words out of `kernelCommandLine`, and give `[automount] options` a umask such as 022.",
    reference: "Microsoft Learn, Advanced settings configuration in WSL",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      [TYPE](file: File, report: Report) {
        const say = about(file, report);
        if (isFile(file.path, ".wslconfig")) judgeVirtualMachine(keysOf(file), say);
        if (isFile(file.path, "wsl.conf")) judgeMounts(keysOf(file), say);
      },
    },
  });
}

export function wslDefaultUser(): Rule {
  return defineRule({
    id: "wsl-default-user",
    title: "Shells in WSL do not start as root",
    why: "Every program that a root shell starts may change the whole distribution, and through interop run Windows programs; an ordinary user asks for that with sudo.",
    fix: "Set `[user] default` to an ordinary user (`wsl.distro.defaultUser`), or leave it out.",
    reference: "Microsoft Learn, Advanced settings configuration in WSL",
    level: "advisory",
    options: {},
    schema: {},
    checks: {
      [TYPE](file: File, report: Report) {
        if (isFile(file.path, "wsl.conf") && keysOf(file).get("user.default") === "root")
          about(file, report)("[user] default is root");
      },
    },
  });
}
