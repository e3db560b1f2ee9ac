/** A whole stack whose module proxy is the team's: real engine, daemon, Athens, Redis and S3 server. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type RedisLab, startRedis } from "../labs/redis.ts";
import { type S3Lab, startS3 } from "../labs/s3.ts";
import { bridgeAddress, freePort } from "../labs/server.ts";
import { startUpstream, type UpstreamLab } from "../labs/upstream.ts";
import { download, ModuleProxyBench, until } from "./support/module-proxy.ts";
import { Workbench } from "./support/workbench.ts";

const minutes = 60_000;
const MODULES = ["rsc.io/quote@v1.5.2", "github.com/BurntSushi/toml@v1.3.2"];
let bench: Workbench;
let proxy: ModuleProxyBench;
let upstream: UpstreamLab;
let redis: RedisLab;
let s3: S3Lab;

beforeAll(async () => {
  bench = await Workbench.open();
  proxy = new ModuleProxyBench(bench);
  const address = await bridgeAddress();
  upstream = await startUpstream({ addresses: [address] });
  redis = await startRedis({ addresses: [address] });
  s3 = await startS3({ address });
  await proxy.project({ GOPROXY: upstream.url, GOSUMDB: "sum.golang.org" });
  await bench.configure(["go-workstation:goProxy"], {
    mode: "shared",
    port: await freePort(),
    shared: {
      s3: { bucket: s3.bucket, endpoint: s3.endpoint, forcePathStyle: true, accessKeyId: s3.accessKeyId },
      redis: { endpoint: redis.endpoint },
    },
  });
}, 30 * minutes);

afterAll(async () => {
  try {
    for (const running of [redis, s3, upstream]) await running?.stop();
  } finally {
    await bench?.close();
  }
}, 2 * minutes);

test(
  "without the secret of the bucket nothing begins, and the answer says how to give it",
  async () => {
    const { code, stderr } = await bench.workstation("up", "--yes");
    expect(code).toBe(1);
    expect(stderr).toContain("./workstation credential set s3");
    expect(await bench.leftovers()).toEqual([]);
  },
  5 * minutes,
);

test(
  "a developer's container fetches into the team's bucket; a second up changes nothing",
  async () => {
    await proxy.setCredential("s3", s3.secretAccessKey);
    await proxy.setCredential("redis", redis.password);
    await bench.succeed("up", "--yes");
    await proxy.succeeds(download(...MODULES));
    expect(await s3.objects()).toContain("github.com/BurntSushi/toml/@v/v1.3.2.zip");
    await proxy.upChangesNothing();
  },
  30 * minutes,
);

test(
  "with a volume that was lost, all comes from the bucket",
  async () => {
    await bench.docker("exec", proxy.named("goproxy"), "rm", "-rf", "/var/lib/goproxy/modules");
    await bench.docker("restart", proxy.named("goproxy"));
    await until("the proxy", () => proxy.healthy());
    upstream.reset();
    await proxy.succeeds(download(...MODULES));
    expect([...upstream.requests.keys()].filter((path) => !path.startsWith("/sumdb/"))).toEqual([]);
  },
  5 * minutes,
);

test(
  "a wrong secret is told in the container's health and to the developer; the right one counts after the next up",
  async () => {
    const module = "rsc.io/sampler@v1.3.0";
    await proxy.setCredential("redis", "a-wrong-password");
    await bench.workstation("up", "--yes");
    const health = ["inspect", "--format", "{{json .State.Health}}", proxy.named("goproxy")];
    await until("its health", async () => (await bench.docker(...health)).includes("credential set redis"));
    const { code, stdout, stderr } = await proxy.inside(download(module));
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain("credential set redis");
    for (const text of [stdout, stderr, ...(await proxy.readableByOthers())])
      expect(text).not.toContain("a-wrong-password");
    await proxy.setCredential("redis", redis.password);
    await bench.succeed("up", "--yes");
    await until("the right password", async () => (await proxy.inside(download(module))).code === 0);
    await until("its health", () => proxy.healthy());
    expect((await bench.drift()).report.drifted).toEqual([]);
  },
  10 * minutes,
);

test(
  "no secret is in state, logs, containers, images or files for others",
  async () => {
    const texts = await proxy.readableByOthers();
    for (const secret of [proxy.password(), s3.secretAccessKey, redis.password])
      expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  },
  2 * minutes,
);

test(
  "destroy leaves nothing here, and the team's bucket as it is",
  async () => {
    const objects = await s3.objects();
    await bench.succeed("destroy", "--yes");
    expect(await bench.leftovers()).toEqual([]);
    for (const name of ["ca", "secrets"])
      expect([name, existsSync(join(bench.checkout, `.workstation/${bench.stack}/${name}`))]).toEqual([name, false]);
    expect(await s3.objects()).toEqual(objects);
  },
  5 * minutes,
);
