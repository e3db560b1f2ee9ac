import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ensureToolchain, inspectToolchain, reportToolchain, type Toolchain } from "../../../cli/setup/toolchain.ts";
import { elsewhere, type ReleaseServer, type Stage, script, serveRelease, stage } from "./toolchain-stage.ts";

let on: Stage;
let server: ReleaseServer | undefined;

afterEach(async () => {
  on.remove();
  await server?.close();
  server = undefined;
});

const options = (steps: string[] = []) => ({
  cacheDir: on.cacheDir,
  pulumiHome: on.pulumiHome,
  env: on.env,
  timeouts: { connect: 500, stall: 500 },
  report: ({ step }: { step: string }) => steps.push(step),
});
const ensure = (steps?: string[]): Promise<Toolchain> => ensureToolchain(options(steps));
const store = (): string => join(on.cacheDir, "toolchain");
const plugin = (name: string, version: string): string =>
  join(on.pulumiHome, "plugins", `resource-${name}-v${version}`, `pulumi-resource-${name}`);
/** Finished toolchains and everything else in the cache, once what was thrown away is gone. */
const cached = async (): Promise<string[]> => {
  for (let tries = 0; tries < 100 && readdirSync(store()).some((name) => name.startsWith(".trash-")); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return readdirSync(store()).sort();
};

describe("built from source", () => {
  test("once; the second run starts nothing and is quick", async () => {
    on = stage();
    const first = await ensure();
    expect(first).toMatchObject({ source: "built", version: "3.256.0", plugins: { docker: "5.2.0" } });
    expect(on.builds()).toHaveLength(2);
    expect(on.builds().every((line) => line.includes("-mod=readonly"))).toBe(true);
    const steps: string[] = [];
    const again = await ensure(steps);
    expect(on.builds()).toHaveLength(2);
    expect(steps).toEqual([]);
    expect(again.pulumi).toBe(first.pulumi);
    expect(again.millis).toBeLessThan(100);
  });

  test("programs are where the engine looks for them, one copy on disk", async () => {
    on = stage();
    const { pulumi, binDir } = await ensure();
    expect(existsSync(pulumi)).toBe(true);
    const host = statSync(join(binDir, "pulumi-language-nodejs"));
    for (const [name, version] of Object.entries({ docker: "5.2.0", random: "4.21.2", command: "1.2.1" })) {
      expect(statSync(plugin(name, version)).ino).toBe(host.ino);
    }
    expect(await cached()).toEqual([expect.stringMatching(/^built-[0-9a-f]{16}-go1\.26\.8$/)]);
  });

  test("another Go on the machine does not mean another build", async () => {
    on = stage();
    const { pulumi } = await ensure();
    writeFileSync(join(on.folder, "goroot", "VERSION"), "go1.27.0\n");
    expect((await ensure()).pulumi).toBe(pulumi);
    expect(on.builds()).toHaveLength(2);
  });

  test("a plugin that was removed is put back without a build", async () => {
    on = stage();
    await ensure();
    rmSync(join(on.pulumiHome, "plugins"), { recursive: true });
    expect(await inspectToolchain(options())).toBeUndefined();
    await ensure();
    expect(existsSync(plugin("docker", "5.2.0"))).toBe(true);
    expect(on.builds()).toHaveLength(2);
  });

  test("a plugin that the person installed is left alone", async () => {
    on = stage();
    mkdirSync(join(plugin("docker", "5.2.0"), ".."), { recursive: true });
    script(plugin("docker", "5.2.0"), "echo theirs");
    await ensure();
    expect(readFileSync(plugin("docker", "5.2.0"), "utf8")).toContain("theirs");
  });

  test("a file that was cut short is noticed and built again", async () => {
    on = stage();
    const { pulumi } = await ensure();
    truncateSync(pulumi, 3);
    await ensure();
    expect(statSync(pulumi).size).toBeGreaterThan(3);
    expect(on.builds()).toHaveLength(4);
  });

  test("an older Go fetches the one that is needed, also where the machine says GOTOOLCHAIN=local", async () => {
    on = stage({ go: "go1.22.6" });
    await ensure();
    expect(on.builds()[0]).toMatch(/^go1\.25\.11\+auto /);
  });

  test("a Go that is too old for that is refused with both versions", async () => {
    on = stage({ go: "go1.19.8" });
    await expect(ensure()).rejects.toThrow(/Go 1\.19\.8 .* too old.*1\.25\.11/s);
  });

  test.each([
    ["write x: no space left on device", /disk became full/],
    ["dial tcp 1.2.3.4:443: i/o timeout", /cannot be fetched.*GOPROXY/s],
    ["x.go:1: undefined: y", /cannot be built.*undefined: y/s],
  ])("'%s' is explained, and nothing is left behind", async (fail, message) => {
    on = stage({ fail });
    await expect(ensure()).rejects.toThrow(message);
    expect(await cached()).toEqual([]);
  });

  test("without Go and without a release, the error names all three ways out", async () => {
    on = stage({ go: undefined });
    await expect(ensure()).rejects.toThrow(/install Pulumi.*WORKSTATION_RELEASE_MIRROR.*install Go/s);
  });
});

describe("two at once, and killed ones", () => {
  test("the second waits, says for whom, and builds nothing", async () => {
    on = stage({ seconds: 1 });
    const both = await Promise.all([elsewhere(on).done, elsewhere(on).done]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(on.builds()).toHaveLength(2);
    expect(both.map(({ output }) => output).join("")).toMatch(/waiting for another set-up on this machine process \d+/);
  }, 30_000);

  test("kill -9 in the middle of a build: the next run sweeps up and builds", async () => {
    on = stage({ seconds: 3 });
    const killed = elsewhere(on);
    while (on.builds().length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    killed.kill();
    await killed.done;
    expect(await cached()).toEqual([expect.stringMatching(/^\.build-/)]);
    expect(await inspectToolchain(options())).toBeUndefined();
    const { pulumi } = await ensure();
    expect(existsSync(pulumi)).toBe(true);
    expect(await cached()).toEqual([expect.stringMatching(/^built-/)]);
  }, 30_000);
});

describe("on PATH", () => {
  const install = (version: string, host = true): void => {
    const bin = join(on.folder, "bin");
    mkdirSync(bin, { recursive: true });
    script(join(bin, "pulumi"), `echo asked >> ${on.folder}/asked; echo ${version}`);
    if (host) script(join(bin, "pulumi-language-nodejs"), "echo host");
    on.env.PATH = `${bin}:${on.env.PATH}`;
  };

  test("a compatible engine is used, and asked for its version once; only plugins are built", async () => {
    on = stage();
    install("v3.300.1");
    expect(await ensure()).toMatchObject({
      source: "path",
      version: "3.300.1",
      pulumi: join(on.folder, "bin", "pulumi"),
    });
    await ensure();
    expect(readFileSync(join(on.folder, "asked"), "utf8").split("\n").filter(Boolean)).toHaveLength(1);
    expect(on.builds()).toHaveLength(1);
    expect(existsSync(plugin("docker", "5.2.0"))).toBe(true);
  });

  test.each([
    ["an older minor version", "v3.100.0", true, /is version 3\.100\.0/],
    ["another major version", "v4.0.0", true, /is version 4\.0\.0/],
    ["no language host", "v3.256.0", false, /no pulumi-language-nodejs/],
  ])("%s is passed over, and the report says why", async (_, version, host, reason) => {
    on = stage();
    install(version, host);
    const before = await reportToolchain(options());
    expect(before.source).toBe("release");
    expect(before.reasons.join("\n")).toMatch(reason);
    expect((await ensure()).source).toBe("built");
  });
});

describe("the official release", () => {
  const mirror = async (corrupt = false): Promise<ReleaseServer> => {
    on = stage();
    server = await serveRelease(on.folder, { corrupt });
    on.env.WORKSTATION_RELEASE_MIRROR = server.url;
    return server;
  };

  test("is downloaded, verified and unpacked; nothing is built, nothing asked for again", async () => {
    const { asked } = await mirror();
    const first = await ensure();
    expect(first).toMatchObject({ source: "release", version: "3.256.0" });
    expect(readFileSync(plugin("random", "4.21.2"), "utf8")).toContain("random");
    expect(on.builds()).toEqual([]);
    expect(asked).toHaveLength(8);
    await ensure();
    expect(asked).toHaveLength(8);
    expect(readdirSync(join(store(), "downloads"))).toEqual([]);
  });

  test("a wrong checksum is an error, never a reason to go on with something else", async () => {
    await mirror(true);
    await expect(ensure()).rejects.toThrow(/wrong checksum/);
    expect(on.builds()).toEqual([]);
  });

  test("one that is not there falls through to the build", async () => {
    const { url } = await mirror();
    on.env.WORKSTATION_RELEASE_MIRROR = `${url}/elsewhere`;
    const steps: string[] = [];
    expect((await ensure(steps)).source).toBe("built");
    expect(steps.join("\n")).toContain("cannot be fetched; building from source");
  });
});
