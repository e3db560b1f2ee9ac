/**
 * The module proxy under the real engine, daemon, Athens and git: what a developer's container gets through it, what happens
 * when upstream, credentials, certificates or processes fail, that no secret is anywhere in the clear, and that all goes.
 */
import { execFile } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type GitLab, startGit } from "../labs/git.ts";
import { bridgeAddress, freePort } from "../labs/server.ts";
import { startUpstream, type UpstreamLab } from "../labs/upstream.ts";
import { until } from "./support/helpers.ts";
import { download, ModuleProxyBench } from "./support/module-proxy.ts";
import { type Result, Workbench } from "./support/workbench.ts";

const minutes = 60_000;
let bench: Workbench;
let upstream: UpstreamLab;
let git: GitLab;
let ssh: NonNullable<GitLab["ssh"]>;
let proxy: ModuleProxyBench;

const goSum = `golang.org/x/text v0.0.0-20170915032832-14c0d48ead0c h1:qgOY6WgZOaTkIIMiVjBQcw93ERBE4m30iBm00nkL0i8=
golang.org/x/text v0.0.0-20170915032832-14c0d48ead0c/go.mod h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ=
rsc.io/quote v1.5.2 h1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=
rsc.io/quote v1.5.2/go.mod h1:LzX7hefJvL54yjefDEDHNONDjII0t9xZLPXsUe+TKr0=
rsc.io/sampler v1.3.0 h1:7uVkIFmeBqHfdjD+gZwtXXI+RODJ2Wc4O7MPEh/QiW4=
rsc.io/sampler v1.3.0/go.mod h1:T1hPZKmBbMNahiBKFy5HrXp6adAjACjK9JXDnKaTXpA=
`;

const named = (role: string): string => proxy.named(role);
const inside = (script: string): Promise<Result> => proxy.inside(script);
const succeeds = (script: string): Promise<string> => proxy.succeeds(script);

beforeAll(async () => {
  bench = await Workbench.open();
  const address = await bridgeAddress();
  upstream = await startUpstream({ addresses: ["127.0.0.1", address] });
  git = await startGit({ address });
  if (git.ssh === undefined) throw new Error("the lab has no ssh server");
  ssh = git.ssh;
  proxy = new ModuleProxyBench(bench);
  const [url = ""] = upstream.urls.filter((one) => one.includes(address));
  await proxy.project({ GOPROXY: url, GOSUMDB: "sum.golang.org" });
  writeFileSync(join(bench.folder, "shop", "go.sum"), goSum);
  await bench.configure(["go-workstation:hostSync"], {
    roots: { files: [git.rootFile] },
    proxy: { http: git.proxy, https: git.proxy, noProxy: [address] },
  });
  await bench.configure(["go-workstation:goProxy"], {
    mode: "local",
    port: await freePort(),
    host: true,
    private: [
      { host: git.gitlab.name, user: git.gitlab.user, modules: [`${git.gitlab.name}/*`] },
      { host: git.gitea.name, user: git.gitea.user },
      { host: git.github.name, user: git.github.user },
      { host: git.plain.name, user: git.plain.user },
      {
        host: `${ssh.name}:${ssh.port}`,
        modules: [`${ssh.name}/*`],
        protocol: "ssh",
        user: ssh.user,
        knownHosts: `[${ssh.name}]:${ssh.port} ${ssh.hostKey}`,
      },
    ],
  });
  await proxy.setCredential(git.gitlab.name, git.gitlab.password);
  await proxy.setCredential(git.gitea.name, "a wrong password");
  await proxy.setCredential(git.github.name, git.github.password);
  await proxy.setCredential(git.plain.name, git.plain.password);
  const key = join(bench.folder, "deploy-key");
  writeFileSync(key, ssh.privateKey, { mode: 0o600 });
  await proxy.setCredential(`${ssh.name}:${ssh.port}`, "", "--ssh-key", key);
}, 5 * minutes);

afterAll(async () => {
  try {
    await Promise.all([upstream?.stop(), git?.stop()]);
  } finally {
    await bench?.close();
  }
}, 2 * minutes);

test(
  "a developer's container fetches through it; a second up changes nothing; without the password nobody gets anything",
  async () => {
    const first = await bench.succeed("up", "--yes");
    // What the project's go.sum names is in the proxy before anybody asks for it.
    expect(first.stdout + first.stderr).toMatch(/Modules: 6 of 6 in the module proxy/);
    expect(upstream.requests.get("/rsc.io/quote/@v/v1.5.2.zip")).toBe(1);
    const told = await succeeds(download("rsc.io/quote@v1.5.2", "github.com/BurntSushi/toml@v1.3.2"));
    expect(told).toContain("h1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=");
    expect(upstream.requests.get("/rsc.io/quote/@v/v1.5.2.zip")).toBe(1);
    upstream.reset();
    await succeeds(download("rsc.io/quote@v1.5.2", "github.com/BurntSushi/toml@v1.3.2"));
    expect([...upstream.requests.keys()].filter((path) => !path.startsWith("/sumdb/"))).toEqual([]);
    await bench.upChangesNothing();
    const refused = await succeeds(
      'curl -s -o answer -w "%{http_code} " "$GOPROXY/rsc.io/quote/@v/v1.5.2.info"; curl -s -o answer -w "%{http_code}" -u go:wrong "$GOPROXY/rsc.io/quote/@v/v1.5.2.info"',
    );
    expect(refused.trim()).toBe("401 401");
  },
  30 * minutes,
);

test(
  "odd versions: capitals, +incompatible, retracted, pseudo-versions, subgroups, of public and private modules",
  async () => {
    const { modules } = git.gitlab;
    await succeeds(
      download(
        `${modules.plain.path}@v1.0.0`,
        `${modules.plain.path}@${modules.plain.pseudo}`,
        `${modules.capitals.path}@v1.1.0`,
        `${modules.retracted.path}@v1.1.0`,
        `${modules.incompatible.path}@v2.0.0+incompatible`,
        `${modules.subgroup?.path}@v1.0.0`,
        `${modules.nested.path}@v1.0.0`,
        "github.com/Azure/go-autorest/autorest/to@v0.4.0",
        "github.com/docker/distribution@v2.8.3+incompatible",
      ),
    );
    const latest = await succeeds(
      `go mod init example.com/x 2>/dev/null && go get ${modules.dependent.path}@latest 2>/dev/null && go list -m all && go list -m -versions ${modules.plain.path}`,
    );
    expect(latest).toContain(`${modules.dependent.path} v1.0.0`);
    expect(latest).toContain("v1.0.0 v1.1.0");
  },
  5 * minutes,
);

test(
  "private modules of GitHub Enterprise, of git alone over https, and over ssh",
  async () => {
    // Stands in for the company's name server: ssh goes through no proxy that would know the name.
    const hosts = await bench.docker("inspect", "--format", "{{.HostsPath}}", named("goproxy"));
    appendFileSync(hosts, `${git.address} ${ssh.name}\n`);
    const wanted = [git.github, git.plain, ssh].map(({ modules }) => `${modules.plain.path}@v1.0.0`);
    await succeeds(download(...wanted, `${ssh.modules.capitals.path}@v1.1.0`));
  },
  5 * minutes,
);

test(
  "a wrong credential names the host and not the secret; the right one counts without a restart",
  async () => {
    const { path } = git.gitea.modules.plain;
    const before = await bench.docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", named("goproxy"));
    const wrong = await inside(download(`${path}@v1.0.0`));
    expect(wrong.code).not.toBe(0);
    expect(wrong.stdout + wrong.stderr).toContain(git.gitea.name);
    expect(wrong.stdout + wrong.stderr).toContain(`credential set ${git.gitea.name}`);
    expect(wrong.stdout + wrong.stderr).not.toContain("a wrong password");
    await proxy.setCredential(git.gitea.name, git.gitea.password);
    await bench.succeed("up", "--yes");
    await until("the new credential", async () => (await inside(download(`${path}@v1.0.0`))).code === 0);
    expect(await bench.docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", named("goproxy"))).toBe(before);
  },
  5 * minutes,
);

test(
  "with the upstream cut, what was fetched is there, checksums too; what was not says why",
  async () => {
    await succeeds(download("golang.org/x/text@v0.22.0"));
    await upstream.cut();
    try {
      await succeeds(download("golang.org/x/text@v0.22.0", "rsc.io/quote@v1.5.2"));
      const missing = await inside(download("github.com/google/uuid@v1.5.0"));
      expect(missing.code).not.toBe(0);
      expect(missing.stdout + missing.stderr).toMatch(/502|upstream/i);
    } finally {
      await upstream.restore();
    }
  },
  5 * minutes,
);

test(
  "an upstream that lies is refused, and nothing of it is kept",
  async () => {
    const module = "github.com/google/go-cmp@v0.6.0";
    for (const fault of ["changed", "html", "truncated", "error"] as const) {
      upstream.setFault(fault, /go-cmp\/@v\/v0\.6\.0\.zip/);
      const { code, stdout, stderr } = await inside(download(module));
      expect(`${fault} ${code}`).not.toBe(`${fault} 0`);
      if (fault === "changed") expect(stdout + stderr).toMatch(/checksum mismatch|SECURITY/);
    }
    upstream.setFault(undefined);
    await succeeds(download(module));
  },
  5 * minutes,
);

test(
  "killed in the middle of a download it serves nothing half, and is back by itself",
  async () => {
    const module = "golang.org/x/tools@v0.20.0";
    upstream.delay = 300;
    const fetching = inside(download(module));
    const pid = await bench.docker("inspect", "--format", "{{.State.Pid}}", named("goproxy"));
    await until("the fetch", async () =>
      [...upstream.requests.keys()].some((path) => path.includes("tools/@v/v0.20.0")),
    );
    process.kill(Number(pid), "SIGKILL");
    upstream.delay = 0;
    expect((await fetching).code).not.toBe(0);
    await until("the proxy", () => proxy.healthy());
    await succeeds(download(module));
  },
  5 * minutes,
);

test(
  "many at once for a new module are one fetch",
  async () => {
    upstream.reset();
    const path = "/github.com/pkg/errors/@v/v0.9.1.zip";
    await succeeds(
      `for i in $(seq 20); do (export GOMODCACHE="$PWD/m$i"; ${download("github.com/pkg/errors@v0.9.1")} >/dev/null || echo failed >>failures) & done; wait; test ! -e failures`,
    );
    expect(upstream.requests.get(path)).toBe(1);
  },
  5 * minutes,
);

test(
  "what was removed or changed is drift, and up repairs it with the same authority",
  async () => {
    const authority = readFileSync(join(bench.checkout, `.workstation/${bench.stack}/ca/out/bundle.pem`), "utf8");
    writeFileSync(join(bench.checkout, `.workstation/${bench.stack}/secrets/dev/netrc`), "machine nowhere\n");
    await bench.docker("rm", "-f", named("ca"));
    const { report } = await bench.drift();
    expect(report.drifted.map(({ name, kind }) => `${name} ${kind}`).sort()).toEqual([
      "ca-container missing",
      "ca-processes missing",
      "goproxy-netrc changed",
    ]);
    await bench.succeed("up", "--yes");
    expect((await bench.drift()).report.drifted).toEqual([]);
    expect(readFileSync(join(bench.checkout, `.workstation/${bench.stack}/ca/out/bundle.pem`), "utf8")).toBe(authority);
    await succeeds(download("rsc.io/quote@v1.5.2"));
  },
  10 * minutes,
);

test(
  "this machine's own Go goes through it when asked",
  async () => {
    const { stdout } = await bench.succeed("env");
    const lines = stdout
      .split("\n")
      .filter((line) => /^export (GO|NETRC|SSL_CERT_FILE|WORKSTATION_UPSTREAM)/.test(line));
    expect(lines).toHaveLength(6);
    const cache = join(bench.folder, "host-cache");
    const script = `${lines.join("\n")}\nGOMODCACHE=${cache} GOFLAGS=-modcacherw go mod download -json rsc.io/quote@v1.5.2`;
    // Not synchronous: the upstream lab answers from this process.
    const { stdout: told } = await promisify(execFile)("sh", ["-c", script], { cwd: bench.folder });
    expect(told).toContain("h1:w5fcysjrx7yqt");
  },
  minutes,
);

test(
  "no secret is in state, logs, containers, images or files for others",
  async () => {
    const hosts = [git.gitlab, git.gitea, git.github, git.plain];
    // One line of the key is enough to tell that it is there.
    const keyLine = ssh.privateKey.split("\n")[2] ?? "";
    expect(keyLine.length).toBeGreaterThan(40);
    const secrets = [proxy.password(), keyLine, ...hosts.map((host) => host.password)];
    const texts = await proxy.readableByOthers();
    for (const secret of secrets) expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  },
  2 * minutes,
);

test(
  "destroy leaves nothing",
  async () => {
    await bench.succeed("destroy", "--yes");
    expect(await bench.leftovers()).toEqual([]);
    for (const name of ["ca", "secrets", "host"])
      expect([name, existsSync(join(bench.checkout, `.workstation/${bench.stack}/${name}`))]).toEqual([name, false]);
  },
  5 * minutes,
);
