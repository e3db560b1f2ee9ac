/** A whole stack whose module proxy is the team's: real engine, daemon, Athens, Redis and S3 server. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type RedisLab, startRedis } from "../labs/redis.ts";
import { type S3Lab, startS3 } from "../labs/s3.ts";
import { bridgeAddress, freePort } from "../labs/server.ts";
import { startUpstream, type UpstreamLab } from "../labs/upstream.ts";
import { until } from "./support/helpers.ts";
import { download, ModuleProxyBench } from "./support/module-proxy.ts";
import { Workbench } from "./support/workbench.ts";

const minutes = 60_000;
const WRONG = "no-such-secret";
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
  "a wrong secret keeps nobody from a workstation: `up` tells it, and counts the right one without a new container",
  async () => {
    await proxy.setCredential("s3", WRONG);
    await proxy.setCredential("redis", redis.password);
    const { stdout, stderr } = await bench.succeed("up", "--yes");
    expect(stderr).toContain(`! goProxy.shared.s3.endpoint ${s3.endpoint} refuses accessKeyId ${s3.accessKeyId}`);
    expect(stderr).toContain("credential set s3");
    const refused = await proxy.inside(download(...MODULES));
    expect(refused.code).not.toBe(0);
    expect(refused.stdout + refused.stderr).toContain("credential set s3");
    for (const text of [stdout, stderr, refused.stdout, refused.stderr, ...(await proxy.readableByOthers())])
      expect(text).not.toContain(WRONG);
    const id = await bench.docker("inspect", "--format", "{{.Id}}", proxy.named("goproxy"));
    await proxy.setCredential("s3", s3.secretAccessKey);
    const good = await bench.succeed("up", "--yes");
    expect(good.stderr).not.toContain("goProxy.shared");
    expect(await bench.docker("inspect", "--format", "{{.Id}}", proxy.named("goproxy"))).toBe(id);
  },
  30 * minutes,
);

test(
  "a developer's container fetches into the team's bucket; a second up changes nothing",
  async () => {
    await proxy.succeeds(download(...MODULES));
    expect(await s3.objects()).toContain("github.com/BurntSushi/toml/@v/v1.3.2.zip");
    await bench.upChangesNothing();
  },
  5 * minutes,
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
