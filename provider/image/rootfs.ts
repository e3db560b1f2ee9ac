/** The base layer: a Debian root filesystem from the distribution's packages, made by mmdebstrap. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { RootfsBase } from "../../domain/recipe.ts";
import { onPath } from "../facts/programs.ts";
import type { Host } from "../host.ts";
import { debianSources, inheritedAptOptions } from "./apt-sources.ts";
import { digestOfFile, fixedTime, syncFile, type TarResult } from "./tar.ts";

/**
 * What Debian's own slim images leave out, and what only link-time optimisation needs: 90 MB of compiler that cgo does
 * not call. It stays so for packages that are installed later (dpkg keeps the rules).
 */
const leftOut = [
  "/usr/share/doc/*",
  "/usr/share/info/*",
  "/usr/share/linda/*",
  "/usr/share/lintian/*",
  "/usr/share/locale/*",
  "/usr/share/man/*",
  "/usr/bin/*-lto-dump*",
  "/usr/lib/gcc/*/lto1",
];
const keptAnyway = ["/usr/share/doc/*/copyright", "/usr/share/locale/locale.alias"];

/** Small files of the base that later layers extend. */
export const baseFiles = ["etc/passwd", "etc/group", "etc/shadow", "etc/ssl/certs/ca-certificates.crt"];

const bootstrapLimitMs = 20 * 60_000;

export async function makeRootfs(
  host: Host,
  base: RootfsBase,
  folder: string,
  onProgress: (text: string) => void,
): Promise<TarResult> {
  const command = await onPath("mmdebstrap", host.env.PATH);
  if (command === undefined) {
    throw new Error(
      "mmdebstrap is not installed; `./workstation up` installs it, or run `apt-get install mmdebstrap`, or set go-workstation:image.source to registry",
    );
  }
  const sources = await debianSources(host, base.suite);
  const list = path.join(folder, "sources.list");
  await writeFile(list, `${sources.join("\n")}\n`, { mode: 0o600 });
  const options = path.join(folder, "apt.conf");
  // A file, because proxies can carry credentials, and arguments are everybody's to read.
  await writeFile(options, `${(await aptOptions(host)).join("\n")}\n`, { mode: 0o600 });
  const output = path.join(folder, "layer.tar");
  const isRoot = host.user.uid === 0;
  const args = [
    "--variant=minbase",
    "--format=tar",
    `--mode=${isRoot ? "root" : "unshare"}`,
    `--architectures=${base.arch}`,
    `--include=${[...new Set(["ca-certificates", ...base.packages])].join(",")}`,
    `--aptopt=${options}`,
    ...leftOut.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
    ...keptAnyway.map((pattern) => `--dpkgopt=path-include=${pattern}`),
    // This machine's way to the archives can carry credentials: neither its apt options nor user names stay inside.
    '--customize-hook=rm -f "$1/etc/apt/apt.conf.d/99mmdebstrap"',
    `--customize-hook=find "$1/etc/apt" -name '*.list' -exec sed -E -i 's#://[^/@ ]+@#://#' {} +`,
    // Traces of this one run, different each time.
    '--customize-hook=rm -rf "$1"/var/log/* "$1"/var/cache/ldconfig/aux-cache "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old',
    base.suite,
    output,
    ...(sources.length === 0 ? [] : [list]),
  ];
  const env = {
    ...host.env,
    SOURCE_DATE_EPOCH: String(fixedTime),
    LC_ALL: "C.UTF-8",
    // Where a killed run is cleared away. Without root the mapped user could not enter the folder.
    ...(isRoot ? { TMPDIR: folder } : {}),
  };
  await endsWithUs(host, command, args, env, (text) => onProgress(progressOf(text)));
  await host.run(
    "tar",
    ["-xf", output, "-C", await filesFolder(host, folder), ...baseFiles.map((file) => `./${file}`)],
    {
      anyExit: true,
    },
  );
  await Promise.all([host.files.remove(list), host.files.remove(options)]);
  await syncFile(output);
  return digestOfFile(output);
}

async function filesFolder(host: Host, folder: string): Promise<string> {
  const files = path.join(folder, "files");
  await host.files.makeFolder(files, 0o700);
  return files;
}

async function aptOptions(host: Host): Promise<string[]> {
  const dump = await host.run("apt-config", ["dump"], { anyExit: true }).catch(() => ({ stdout: "" }));
  return inheritedAptOptions(dump.stdout);
}

/** Told to stop by the kernel when this process ends, even by kill -9, where `setpriv` is there to ask for that. */
async function endsWithUs(
  host: Host,
  command: string,
  args: string[],
  env: Record<string, string | undefined>,
  onLine: (line: string) => void,
): Promise<void> {
  const guard = await onPath("setpriv", host.env.PATH);
  const guarded = guard === undefined ? [command, ...args] : [guard, "--pdeathsig", "TERM", command, ...args];
  await host.run(guarded[0] as string, guarded.slice(1), {
    env,
    timeoutMs: bootstrapLimitMs,
    onLine,
    name: "mmdebstrap",
  });
}

/** `I: installing essential packages...` without the mark. */
function progressOf(text: string): string {
  return text
    .replace(/^[IW]: /, "")
    .replace(/ in shell: .*/, "")
    .slice(0, 120);
}
