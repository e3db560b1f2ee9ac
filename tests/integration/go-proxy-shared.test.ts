/** One module proxy for a team: several workstations' gates over a real Redis and a real S3 server. */
import { type RedisLab, startRedis } from "../labs/redis.ts";
import { type S3Lab, startS3 } from "../labs/s3.ts";
import { startUpstream, type UpstreamLab } from "../labs/upstream.ts";
import { type GateLab, gatePrograms, startGate } from "./support/gates.ts";

const minutes = 60_000;
let redis: RedisLab;
let s3: S3Lab;
let upstream: UpstreamLab;
let one: GateLab;
let two: GateLab;

test("x", async () => {
  const programs = await gatePrograms();
  redis = await startRedis();
  s3 = await startS3();
  upstream = await startUpstream();
  const shared = {
    s3: { bucket: s3.bucket, region: s3.region, endpoint: s3.endpoint, forcePathStyle: true, accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey },
    redis: { endpoint: redis.endpoint, password: redis.password },
  };
  const options = { programs, upstream: { GOPROXY: upstream.url, GOSUMDB: "sum.golang.org" }, shared, fetchTimeout: "30s" };
  one = await startGate(options);
  two = await startGate(options);
  try {
    const t = Date.now();
    const say = (...x: unknown[]) => process.stderr.write(`${Date.now() - t} ${x.map((y) => typeof y === "string" ? y : JSON.stringify(y)).join(" ")}\n`);
    say(await one.problems(), await two.problems());
    say(await one.download(["rsc.io/quote@v1.5.2", "github.com/BurntSushi/toml@v1.3.2"]));
    say([...upstream.requests]);
    upstream.reset();
    say(await s3.objects());
    say(await two.download(["rsc.io/quote@v1.5.2", "github.com/BurntSushi/toml@v1.3.2"]));
    say([...upstream.requests]);
    upstream.reset();
    await redis.cut();
    say("redis dead", await two.download(["rsc.io/sampler@v1.3.0"]));
    await redis.restore();
    say("redis back", await two.download(["rsc.io/sampler@v1.3.0"]));
    await s3.cut();
    say("s3 dead", await two.download(["rsc.io/sampler@v1.3.1"]));
    say("s3 dead, held", (await two.download(["rsc.io/sampler@v1.3.0"])).code);
    await s3.restore();
    say("s3 back", await two.download(["rsc.io/sampler@v1.3.1"]));
    for (const [part, key] of [["s3", "secretAccessKey"], ["redis", "password"]] as const) {
      await two.end();
      const was = two.config.shared;
      two.config.shared = structuredClone(was!);
      Object.assign(two.config.shared[part], { [key]: "some-wrong-secret" });
      await two.begin();
      say(part, await two.problems());
      say(part, await two.download(["rsc.io/sampler@v1.2.1"]));
      two.config.shared = was!;
    }
    say(await two.log());
  } finally {
    await one.stop(); await two.stop(); await redis.stop(); await s3.stop(); await upstream.stop();
  }
}, 10 * minutes);
