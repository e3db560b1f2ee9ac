/**
 * Private git hosts as companies have them: over https with basic auth (GitLab with subgroups, Gitea, GitHub Enterprise,
 * git alone) and over ssh. The servers are real: git's own http-backend, Debian's sshd. Only the pages that answer
 * `?go-get=1` are written after those of the products.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Certificate, certificate } from "./certificate.ts";
import { type Cleanup, lab } from "./cleanup.ts";
import { connectProxy } from "./git/connect.ts";
import { type Asked, gitServer, type VirtualHost } from "./git/https.ts";
import type { Style } from "./git/meta.ts";
import { type LabModules, makeRepositories } from "./git/repositories.ts";
import { type SshServer, startSsh } from "./git/ssh.ts";
import { LOOPBACK, labFolder, listen } from "./server.ts";

export interface GitHost {
  /** As in module paths. */
  name: string;
  style: Style;
  user: string;
  password: string;
  modules: LabModules;
}

export interface GitLab {
  gitlab: GitHost;
  gitea: GitHost;
  github: GitHost;
  plain: GitHost;
  /** Modules of `ssh.corp.example`; their paths have `.git`. */
  ssh: (SshServer & { name: string; modules: LabModules }) | undefined;
  /** All https hosts are here, whatever name the client asks for; the certificate has their names and the addresses. */
  address: string;
  port: number;
  /** `http://address:port`: an HTTPS_PROXY that leads the names of the hosts to them. Refuses all other names. */
  proxy: string;
  root: Certificate["root"];
  rootFile: string;
  /** Every answered https request, oldest first. */
  asked: Asked[];
  /** The old one is refused from here on. */
  setPassword(host: GitHost, password: string): void;
  /** What `go` and `git` need to reach the hosts directly; netrc is for the caller, where it wants to be let in. */
  environment: Record<string, string>;
  stop(): Promise<void>;
}

export interface GitOptions {
  /** Where to listen. Default: 127.0.0.1; a bridge's address for containers. */
  address?: string;
  /** Default: true. */
  ssh?: boolean;
}

export async function startGit(options: GitOptions = {}): Promise<GitLab> {
  const { address = LOOPBACK, ssh = true } = options;
  return await lab(async (cleanup) => {
    const folder = await labFolder(cleanup, "git");
    const named = {
      gitlab: await makeHost(folder, "gitlab"),
      gitea: await makeHost(folder, "gitea"),
      github: await makeHost(folder, "github"),
      plain: await makeHost(folder, "plain"),
    };
    const hosts = Object.values(named);
    const own = await certificate(folder, [...hosts.map(({ name }) => name), "localhost", LOOPBACK, address]);
    const asked: Asked[] = [];
    const server = gitServer(
      () => hosts,
      own,
      (one) => asked.push(one),
    );
    const port = await open(cleanup, server, address);
    const proxy = connectProxy(() => hosts.map(({ name }) => name), port, address);
    const proxyUrl = `http://${address}:${await open(cleanup, proxy, address)}`;
    return {
      ...named,
      ssh: ssh ? await makeSsh(cleanup, folder, address) : undefined,
      address,
      port,
      proxy: proxyUrl,
      root: own.root,
      rootFile: own.rootFile,
      asked,
      setPassword(host, password) {
        host.password = password;
      },
      environment: {
        HTTPS_PROXY: proxyUrl,
        https_proxy: proxyUrl,
        SSL_CERT_FILE: own.rootFile,
        GIT_SSL_CAINFO: own.rootFile,
        GIT_TERMINAL_PROMPT: "0",
      },
    };
  });
}

async function makeHost(folder: string, style: Style): Promise<GitHost & VirtualHost> {
  const name = `${style === "plain" ? "git" : style}.corp.example`;
  const root = join(folder, name);
  await mkdir(root);
  const suffix = style === "plain" ? ".git" : "";
  const modules = await makeRepositories({ root, host: name, suffix, subgroups: style === "gitlab" });
  return { name, style, root, user: `${style}-user`, password: `${style}-lab-password`, modules };
}

async function makeSsh(cleanup: Cleanup, folder: string, address: string): Promise<NonNullable<GitLab["ssh"]>> {
  const name = "ssh.corp.example";
  const root = join(folder, name);
  await mkdir(root);
  const modules = await makeRepositories({ root, host: name, suffix: ".git", subgroups: false });
  return { ...(await startSsh(cleanup, join(folder, "sshd"), root, address)), name, modules };
}

async function open(
  cleanup: Cleanup,
  server: ReturnType<typeof gitServer> | ReturnType<typeof connectProxy>,
  address: string,
): Promise<number> {
  const sockets = new Set<{ destroy(): void; once(event: "close", heard: () => void): unknown }>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const port = await listen(server, address);
  cleanup.add(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return port;
}
