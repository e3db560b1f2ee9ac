/** One module proxy for a team: the gates of two workstations over a real Redis, a real S3 server and the real Athens. */
import { readFile, rm, writeFile } from "node:fs/promises";
import type { GateConfig } from "../../domain/go-proxy/gate-config.ts";
import { type RedisLab, startRedis } from "../labs/redis.ts";
import { type S3Lab, startS3 } from "../labs/s3.ts";
import { changedZip } from "../labs/upstream/zip.ts";
import { startUpstream, type UpstreamLab } from "../labs/upstream.ts";
import { type GateLab, gatePrograms, startGate } from "./support/gates.ts";
import { until } from "./support/helpers.ts";
import type { Result } from "./support/workbench.ts";

const minutes = 60_000;
const WRONG = "no-such-secret";
/** A fifth of this is how long a lock lasts: 6 s. */
const FETCH_TIMEOUT = "30s";
let redis: RedisLab;
let s3: S3Lab;
let upstream: UpstreamLab;
let one: GateLab;
let two: GateLab;
let shared: NonNullable<GateConfig["shared"]>;

beforeAll(async () => {
  const programs = await gatePrograms();
  [redis, s3, upstream] = [await startRedis(), await startS3(), await startUpstream()];
  const { bucket, region, endpoint, accessKeyId, secretAccessKey } = s3;
  shared = {
    s3: { bucket, region, endpoint, forcePathStyle: true, accessKeyId, secretAccessKey },
    redis: { endpoint: redis.endpoint, password: redis.password },
  };
  const options = { programs, upstream: { GOPROXY: upstream.url }, shared, fetchTimeout: FETCH_TIMEOUT };
  [one, two] = await Promise.all([startGate(options), startGate(options)]);
}, 30 * minutes);

afterAll(async () => {
  for (const running of [one, two, redis, s3, upstream]) await running?.stop();
}, minutes);

const files = (module: string): string[] => ["info", "mod", "zip"].map((kind) => objectOf(module, kind));
const objectOf = (module: string, kind: string): string => `${module.replace("@", "/@v/")}.${kind}`;
const held = async (module: string): Promise<string[]> =>
  (await s3.objects()).filter((key) => key.startsWith(objectOf(module, "")));
/** What the upstream was asked for, without the checksum database, which each workstation has a copy of. */
const fetches = (): Record<string, number> =>
  Object.fromEntries([...upstream.requests].filter(([path]) => !path.startsWith("/sumdb/")));
const once = (module: string): Record<string, number> =>
  Object.fromEntries(files(module).map((path) => [`/${path}`, 1]));

function good({ code, stdout, stderr }: Result): void {
  if (code !== 0) throw new Error(`exit ${code}\n${stdout}\n${stderr}`);
}

/** What a developer reads, unwrapped from go's JSON. */
function refused({ code, stdout, stderr }: Result): string {
  expect(code).not.toBe(0);
  return `${stdout}${stderr}`.replaceAll('\\"', '"');
}

async function reconfigured(gate: GateLab, change: () => void, use: () => Promise<void>): Promise<void> {
  const was = structuredClone(gate.config);
  await gate.end();
  change();
  await gate.begin();
  try {
    await use();
  } finally {
    await gate.end();
    Object.assign(gate.config, was);
    await gate.begin();
  }
}

test(
  "what one fetched the other has, and a workstation that lost its disk, without asking upstream",
  async () => {
    const modules = ["rsc.io/quote@v1.5.2", "github.com/BurntSushi/toml@v1.3.2"];
    good(await one.download(modules));
    expect(await s3.objects()).toEqual(modules.flatMap(files).sort());
    upstream.reset();
    good(await two.download(modules));
    await one.end();
    await one.wipe();
    await one.begin();
    good(await one.download(modules));
    expect(fetches()).toEqual({});
    await upstream.cut();
    try {
      good(await one.download(modules));
      good(await two.download(modules));
    } finally {
      await upstream.restore();
    }
  },
  2 * minutes,
);

test(
  "many at once over both proxies are one fetch",
  async () => {
    const module = "github.com/pkg/errors@v0.9.1";
    upstream.reset();
    upstream.delay = 100;
    const all = await Promise.all(Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? one : two).download([module])));
    upstream.delay = 0;
    all.forEach(good);
    expect(fetches()).toEqual(once(module));
  },
  2 * minutes,
);

test(
  "one that is killed in the middle leaves nothing half, and keeps the others waiting only while its lock lasts",
  async () => {
    const module = "golang.org/x/tools@v0.20.0";
    upstream.reset();
    upstream.delay = 500;
    const fetching = one.download([module]);
    await until("the fetch", async () => upstream.requests.has("/golang.org/x/tools/@v/v0.20.0.zip"));
    await one.end("SIGKILL");
    refused(await fetching);
    upstream.delay = 0;
    expect(await held(module)).toEqual([]);
    good(await two.download([module]));
    expect(await held(module)).toEqual(files(module));
    await one.begin();
    good(await one.download([module]));
  },
  2 * minutes,
);

test(
  "a fetch that takes longer than its lock is good all the same",
  async () => {
    upstream.delay = 2500;
    good(await one.download(["github.com/google/uuid@v1.6.0"]));
    upstream.delay = 0;
    expect(await one.log()).toContain(
      '"msg":"a fetch took longer than its lock lasts","module":"github.com/google/uuid@v1.6.0"',
    );
  },
  2 * minutes,
);

test(
  "Redis away: what is held is served, what is not says whose fault it is, and it comes back by itself",
  async () => {
    const module = "rsc.io/sampler@v1.3.0";
    await redis.cut();
    try {
      const told = refused(await one.download([module]));
      expect(told).toContain(`502 Bad Gateway`);
      expect(told).toContain(`goProxy.shared.redis.endpoint ${redis.endpoint} does not answer`);
      // Athens ends at once without it; what the disk holds is served nevertheless.
      await two.end();
      await two.begin();
      good(await two.download(["rsc.io/quote@v1.5.2"]));
      expect(await two.warnings()).toEqual([
        expect.stringContaining(`goProxy.shared.redis.endpoint ${redis.endpoint}`),
      ]);
      expect(refused(await two.download([module]))).toContain(`goProxy.shared.redis.endpoint ${redis.endpoint}`);
      expect(await held(module)).toEqual([]);
    } finally {
      await redis.restore();
    }
    good(await one.download([module]));
    await until("the second one", async () => (await two.warnings()).length === 0);
    good(await two.download([module]));
  },
  2 * minutes,
);

test(
  "the S3 server away: the same, with its own name",
  async () => {
    const module = "rsc.io/sampler@v1.3.1";
    await s3.cut();
    try {
      const told = refused(await one.download([module]));
      expect(told).toContain(`goProxy.shared.s3.endpoint ${s3.endpoint} does not answer`);
      good(await one.download(["rsc.io/quote@v1.5.2"]));
    } finally {
      await s3.restore();
    }
    expect(await held(module)).toEqual([]);
    good(await one.download([module]));
  },
  2 * minutes,
);

test.each([
  ["s3", "secretAccessKey", 'credentials["s3"]', "credential set s3"],
  ["redis", "password", 'credentials["redis"]', "credential set redis"],
] as const)(
  "a wrong secret of %s names it and shows nothing of it",
  async (part, key, name, advice) => {
    const module = "github.com/google/uuid@v1.5.0";
    const change = () => Object.assign(two.config.shared?.[part] ?? {}, { [key]: WRONG });
    await reconfigured(two, change, async () => {
      const [problem = ""] = await two.warnings();
      const told = refused(await two.download([module]));
      for (const text of [problem, told]) {
        expect(text).toContain(name);
        expect(text).toContain(advice);
      }
      good(await two.download(["rsc.io/quote@v1.5.2"]));
      expect(await held(module)).toEqual([]);
      for (const text of [problem, told, await two.log()]) expect(text).not.toContain(WRONG);
    });
  },
  2 * minutes,
);

test(
  "a bucket that is not there is named",
  async () => {
    const change = () => Object.assign(two.config.shared?.s3 ?? {}, { bucket: "another-bucket" });
    await reconfigured(two, change, async () => {
      const told = refused(await two.download(["github.com/google/uuid@v1.5.0"]));
      expect(told).toContain("has no bucket another-bucket");
    });
  },
  2 * minutes,
);

describe("what somebody changed in the bucket", () => {
  const module = "github.com/google/go-cmp@v0.6.0";
  const key = objectOf(module, "zip");
  let real: Buffer;

  beforeAll(async () => {
    good(await one.download([module]));
    real = await readFile(s3.file(key));
  }, minutes);

  test.each([
    ["cut off", () => real.subarray(0, real.length >> 1), "is damaged"],
    ["with a flipped bit", () => flipped(real), "is damaged"],
    ["another module's", () => changedZip("/rsc.io/quote/@v/v1.5.2.zip"), "is damaged"],
    ["with other content", () => changedZip(`/${key}`), "SECURITY ERROR"],
  ])(
    "is refused by the other gate: a zip %s",
    async (_, content, problem) => {
      await writeFile(s3.file(key), content());
      const told = refused(await two.download([module]));
      expect(told).toContain(problem);
      expect(told).toContain(`object ${key} in bucket ${s3.bucket} (goProxy.shared.s3)`);
    },
    minutes,
  );

  test(
    "is refused by the go command where the gate must not ask the checksum database",
    async () => {
      await writeFile(s3.file(key), changedZip(`/${key}`));
      const change = () => Object.assign(two.config.upstream, { GONOSUMDB: "github.com/google/*" });
      await reconfigured(two, change, async () => {
        const goSum = `${module.replace("@", " ")} h1:ofyhxvXcZhMsU5ulbFiLKl/XBFqE1GSq7atu8tAmTRI=\n`;
        expect(refused(await two.download([module], goSum))).toMatch(/checksum mismatch.*SECURITY ERROR/s);
        await two.end();
        await two.wipe();
      });
    },
    minutes,
  );

  test(
    "is fetched again once it is removed",
    async () => {
      await rm(s3.file(key));
      upstream.reset();
      good(await two.download([module]));
      expect(fetches()).toEqual(once(module));
      expect(await readFile(s3.file(key))).toEqual(real);
    },
    minutes,
  );
});

/** One bit in the content of an entry: the directory at the end stays as it is. */
function flipped(archive: Buffer): Buffer {
  const copy = Buffer.from(archive);
  const at = archive.length >> 1;
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

test(
  "offline, the bucket is read without Redis, and nothing is fetched",
  async () => {
    const module = "github.com/pkg/errors@v0.9.0";
    good(await one.download([module]));
    const change = () =>
      Object.assign(two.config, { offline: true, upstream: { GOPROXY: upstream.url, GONOSUMDB: "*" } });
    await redis.cut();
    upstream.reset();
    try {
      await reconfigured(two, change, async () => {
        good(await two.download([module]));
        expect(refused(await two.download(["github.com/google/uuid@v1.5.0"]))).toContain("this workstation is offline");
        expect(upstream.total()).toBe(0);
      });
    } finally {
      await redis.restore();
    }
  },
  2 * minutes,
);

test("no log of either has a secret", async () => {
  for (const log of [await one.log(), await two.log()])
    for (const secret of [s3.secretAccessKey, redis.password]) expect(log).not.toContain(secret);
});
