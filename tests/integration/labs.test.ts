/** The labs are what other tests rely on: each must be the real thing, break as asked, and leave nothing behind. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { LabModule } from "../labs/git/repositories.ts";
import { type GitLab, startGit } from "../labs/git.ts";
import { startRedis } from "../labs/redis.ts";
import { startS3 } from "../labs/s3.ts";
import { startUpstream, type UpstreamLab } from "../labs/upstream.ts";

const run = promisify(execFile);

// The first start of the S3 server builds it, and the first of redis and sshd fetches their packages.
jest.setTimeout(600_000);

let home: string;
let go: (env: Record<string, string>, ...args: string[]) => Promise<string>;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "gows-labs-"));
  await writeFile(join(home, "known_hosts"), "");
  // Else go goes on to write its counters after it has ended, while the folder is removed.
  const telemetry = join(home, ".config", "go", "telemetry");
  await mkdir(telemetry, { recursive: true });
  await writeFile(join(telemetry, "mode"), "off\n");
  go = async (env, ...args) => {
    const own = { HOME: home, GOPATH: join(home, "go"), GOFLAGS: "-modcacherw", GONOSUMDB: "*.example", GOENV: "off" };
    const result = await run("go", args, { cwd: home, env: { ...process.env, ...own, ...env } });
    return result.stdout;
  };
});

afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

/** What a run that must fail prints: with -json, go puts its errors there. */
async function failure(running: Promise<string>): Promise<string> {
  const error = await running.then(
    (out) => Promise.reject(new Error(`it succeeded: ${out}`)),
    (reason: { stdout: string; stderr: string }) => reason,
  );
  return error.stdout + error.stderr;
}

describe("git", () => {
  let lab: GitLab;
  const direct = () => ({ ...lab.environment, GOPROXY: "direct" });
  const netrc = async (host: { name: string; user: string; password: string }) =>
    await writeFile(join(home, ".netrc"), `machine ${host.name} login ${host.user} password ${host.password}\n`, {
      mode: 0o600,
    });

  beforeAll(async () => {
    lab = await startGit();
  });
  afterAll(async () => {
    await lab.stop();
    expect(existsSync(lab.rootFile)).toBe(false);
  });

  test.each(["gitlab", "gitea", "github", "plain"] as const)("%s: every module of the host is had", async (style) => {
    const host = lab[style];
    await netrc(host);
    const all: (LabModule | undefined)[] = Object.values(host.modules);
    const wanted = all.flatMap((module) =>
      [...(module?.versions ?? []), module?.pseudo ?? []].flat().map((version) => `${module?.path}@${version}`),
    );
    const out = await go(direct(), "mod", "download", "-json", ...wanted);
    expect(out.match(/"Version"/g)?.length).toBe(wanted.length);
    expect(out).not.toContain('"Error"');
  });

  test("a wrong password is refused, a new one counts at once", async () => {
    const host = lab.gitea;
    const { path } = host.modules.plain;
    await netrc({ ...host, password: "wrong" });
    expect(await failure(go(direct(), "mod", "download", `${path}@v1.0.0`))).toContain(
      "could not read Username for 'https://gitea.corp.example'",
    );
    lab.setPassword(host, "next-password");
    await netrc(host);
    await go(direct(), "mod", "download", `${path}@v1.0.0`);
    expect(lab.asked.filter(({ status }) => status === 401).length).toBeGreaterThan(0);
    expect(JSON.stringify(lab.asked)).not.toContain("password");
  });

  test("GitLab names a subgroup's project only to those who may see it", async () => {
    const { modules } = lab.gitlab;
    const stderr = await failure(go(direct(), "mod", "download", `${modules.subgroup?.path}@v1.0.0`));
    expect(stderr).toContain("https://gitlab.corp.example/team/group.git");
  });

  test("ssh", async () => {
    const { ssh } = lab;
    if (ssh === undefined) throw new Error("the lab has no ssh");
    await writeFile(join(home, "key"), ssh.privateKey, { mode: 0o600 });
    await writeFile(join(home, "known_hosts"), ssh.knownHosts);
    const options = ["-F", "/dev/null", "-i", join(home, "key"), "-o", `UserKnownHostsFile=${home}/known_hosts`];
    const env = {
      GOPROXY: "direct",
      GIT_SSH_COMMAND: ["ssh", ...options, "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes"].join(" "),
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: `url.ssh://${ssh.user}@${ssh.address}:${ssh.port}/.insteadOf`,
      GIT_CONFIG_VALUE_0: `https://${ssh.name}/`,
    };
    const wanted = [`${ssh.modules.capitals.path}@v1.1.0`, `${ssh.modules.incompatible.path}@v2.0.0+incompatible`];
    const out = await go(env, "mod", "download", "-json", ...wanted);
    expect(out.match(/"Zip"/g)?.length).toBe(2);
    await writeFile(join(home, "known_hosts"), "");
    const stderr = await failure(go(env, "mod", "download", `${ssh.modules.plain.path}@v1.0.0`));
    expect(stderr).toContain("no secure protocol found");
  });
});

describe("upstream", () => {
  let lab: UpstreamLab;
  const module = "rsc.io/quote@v1.5.2";
  const download = () => go({ GOPROXY: lab.url, GOSUMDB: "sum.golang.org" }, "mod", "download", "-json", module);

  beforeAll(async () => {
    lab = await startUpstream();
  });
  beforeEach(() => {
    lab.reset();
    lab.setFault(undefined);
  });
  afterAll(() => lab.stop());

  test("answers as the real one, and counts", async () => {
    expect(JSON.parse(await download())).toMatchObject({ Sum: "h1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=" });
    expect(lab.requests.get("/rsc.io/quote/@v/v1.5.2.zip")).toBe(1);
    expect(lab.requests.get("/sumdb/sum.golang.org/lookup/rsc.io/quote@v1.5.2")).toBe(1);
  });

  test.each([
    ["html", "not a valid zip file"],
    ["truncated", "unexpected EOF"],
    ["changed", "SECURITY ERROR"],
    ["error", "500 Internal Server Error"],
  ] as const)("%s is what the go command sees", async (fault, says) => {
    lab.setFault(fault, /\.zip$/);
    expect(await failure(download())).toContain(says);
  });

  test("hangs until the client gives up, is refused while cut, and is back at the same place", async () => {
    lab.setFault("hang");
    await expect(fetch(`${lab.url}/rsc.io/quote/@v/list`, { signal: AbortSignal.timeout(300) })).rejects.toThrow();
    lab.setFault(undefined);
    await lab.cut();
    expect(await failure(download())).toContain("connection refused");
    await lab.restore();
    await download();
  });
});

test("redis", async () => {
  const lab = await startRedis();
  try {
    const ask = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(lab.port, "127.0.0.1");
        let text = "";
        socket.once("error", reject).once("close", () => resolve(text));
        socket.on("data", (chunk) => {
          text += chunk.toString();
        });
        socket.write(`PING\r\nAUTH ${lab.password}\r\nSET lock 1 NX\r\nSET lock 1 NX\r\nQUIT\r\n`);
      });
    expect(await ask()).toBe("-NOAUTH Authentication required.\r\n+OK\r\n+OK\r\n$-1\r\n+OK\r\n");
    await lab.cut();
    await expect(ask()).rejects.toThrow("ECONNREFUSED");
    await lab.restore();
    expect(await ask()).toContain("+OK\r\n+OK\r\n$-1\r\n");
  } finally {
    await lab.stop();
  }
});

test("s3", async () => {
  const lab = await startS3();
  try {
    const curl = async (secret: string, ...args: string[]) => {
      const sign = ["--aws-sigv4", `aws:amz:${lab.region}:s3`, "--user", `${lab.accessKeyId}:${secret}`];
      const url = `${lab.endpoint}/${lab.bucket}/a/%40v/v1.0.0.mod`;
      const { stdout } = await run("curl", [
        "-s",
        "-w",
        " %{http_code}",
        "-H",
        "x-amz-content-sha256: UNSIGNED-PAYLOAD",
        ...sign,
        ...args,
        url,
      ]);
      return stdout;
    };
    expect(await curl("wrong", "-X", "PUT", "--data-binary", "x")).toMatch(/SignatureDoesNotMatch.* 403$/s);
    expect(await curl(lab.secretAccessKey, "-X", "PUT", "--data-binary", "module a")).toBe(" 200");
    await lab.cut();
    await lab.restore();
    expect(await curl(lab.secretAccessKey)).toBe("module a 200");
    expect(await lab.objects()).toEqual(["a/@v/v1.0.0.mod"]);
  } finally {
    await lab.stop();
  }
});
