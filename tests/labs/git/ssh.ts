/** Git over ssh: Debian's sshd as the current user on a high port, with keys of its own. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Cleanup } from "../cleanup.ts";
import { debianProgram } from "../debian.ts";
import { accepts, freePort, type Running, run, serve } from "../server.ts";

export interface SshServer {
  address: string;
  port: number;
  /** `git` where the lab runs as root, else the current user: sshd without root lets in nobody else. */
  user: string;
  /** PEM, without passphrase. */
  privateKey: string;
  /** A line for a known_hosts file, for `[address]:port`. */
  knownHosts: string;
  /** Public host key, `ssh-ed25519 AAAA…`: for known_hosts lines under another name. */
  hostKey: string;
  log(): Promise<string>;
}

/** Paths come as `/team/hello.git`; they are below the lab's folder and nowhere else. */
const gitOnly = (root: string): string => `#!/bin/sh
case "$SSH_ORIGINAL_COMMAND" in
"git-upload-pack '"*"'" | "git upload-pack '"*"'") ;;
*) echo "only git fetches are served here" >&2; exit 128 ;;
esac
path=\${SSH_ORIGINAL_COMMAND#*\\'}
path=\${path%\\'}
case "$path" in *..* | *"'"*) echo "wrong path" >&2; exit 128 ;; esac
path=${root}/\${path#/}
[ -d "$path" ] || path=$path.git
[ -d "$path" ] || { echo "repository not found" >&2; exit 128; }
exec git -c safe.directory='*' upload-pack "$path"
`;

/**
 * As root sshd wants its own user and folder, which only the package's installation makes: they are shown to it in a
 * mount namespace, so that nothing on the machine changes.
 */
async function asRoot(folder: string): Promise<{ user: string; wrap: string[] }> {
  await writeFile(
    join(folder, "passwd"),
    `git:*:0:0::${folder}:/bin/sh\nroot:*:0:0::${folder}:/bin/sh\nsshd:*:65533:65534::/run/sshd:/bin/false\n`,
  );
  await writeFile(join(folder, "shadow"), "git:*:20000::::::\nroot:*:20000::::::\n", { mode: 0o600 });
  const script = [
    "set -e",
    "mount --make-rprivate /",
    `mount --bind ${folder}/passwd /etc/passwd`,
    `mount --bind ${folder}/shadow /etc/shadow`,
    "mount -t tmpfs -o mode=755 tmpfs /run",
    "mkdir /run/sshd",
    'exec "$@"',
  ].join("\n");
  return { user: "git", wrap: ["unshare", "--mount", "sh", "-c", script, "sh"] };
}

export async function startSsh(cleanup: Cleanup, folder: string, root: string, address: string): Promise<SshServer> {
  const sshd = await debianProgram("sshd", "openssh-server");
  await mkdir(folder, { mode: 0o700 });
  for (const name of ["host_key", "client_key"]) {
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", join(folder, name)]);
  }
  const read = (name: string) => readFile(join(folder, name), "utf8");
  await writeFile(join(folder, "git-only"), gitOnly(root), { mode: 0o755 });
  await writeFile(
    join(folder, "authorized_keys"),
    `restrict,command="${folder}/git-only" ${await read("client_key.pub")}`,
  );
  await chmod(join(folder, "authorized_keys"), 0o600);
  const port = await freePort(address);
  await writeFile(
    join(folder, "sshd_config"),
    [
      `ListenAddress ${address}:${port}`,
      `HostKey ${folder}/host_key`,
      `AuthorizedKeysFile ${folder}/authorized_keys`,
      `PidFile ${folder}/pid`,
      "AuthenticationMethods publickey",
      "PermitRootLogin forced-commands-only",
      "UsePAM no",
      "StrictModes no",
      "PrintMotd no",
      "LogLevel VERBOSE",
      "",
    ].join("\n"),
  );
  const { user, wrap } = process.getuid?.() === 0 ? await asRoot(folder) : { user: userInfo().username, wrap: [] };
  // It starts itself again for each connection, and so wants its whole path.
  const [file = "", ...args] = [...wrap, sshd.path, "-D", "-e", "-f", join(folder, "sshd_config")];
  const running: Running = await serve({
    name: "sshd",
    argv: [file, ...args],
    env: sshd.env,
    ready: () => accepts(port, address),
    logFile: join(folder, "log"),
  });
  cleanup.add(() => running.stop());
  const [type = "", key = ""] = (await read("host_key.pub")).split(" ");
  return {
    address,
    port,
    user,
    privateKey: await read("client_key"),
    knownHosts: `[${address}]:${port} ${type} ${key}\n`,
    hostKey: `${type} ${key}`,
    log: () => running.log(),
  };
}
