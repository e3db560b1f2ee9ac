import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { builtTool, type ToolQuestion, toolsCache } from "../../../provider/go/tool-cache.ts";
import { type Host, machineHost } from "../../../provider/host.ts";
import { anySdkLayer, makeTools, sdkJob } from "../../../provider/image/go-layers.ts";
import { ensureLayer } from "../../../provider/image/layer-cache.ts";
import { SUM, standInCache, standInProgram } from "./standin.ts";

const pin = { package: "example.com/m/cmd/x", version: "v1.2.3", binary: "x" };
const question: ToolQuestion = { pin, go: "1.22.6", arch: "amd64" };
const quiet = () => {};
let folder: string;
let host: Host;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "tool-cache-test-"));
  host = machineHost({
    env: {
      PATH: process.env.PATH,
      GOFLAGS: "-mod=mod",
      GOROOT: "/nowhere",
      GOTOOLCHAIN: "auto",
      WORKSTATION_CACHE_DIR: path.join(folder, "cache"),
      WORKSTATION_STATE_DIR: path.join(folder, "state"),
    },
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Stand-in for an SDK: its `go install` puts a program that was made beforehand into GOBIN, and notes how it was called. */
function standInGo(program = standInProgram({ go: "1.22.6", sum: "h1:abc=", ...pin })): () => Promise<string> {
  const sdk = path.join(folder, "sdk");
  mkdirSync(path.join(sdk, "bin"), { recursive: true });
  writeFileSync(path.join(sdk, "program"), program);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell fills this in
  const noted = "$* | GOFLAGS=$GOFLAGS GOROOT=${GOROOT-unset} GOTOOLCHAIN=$GOTOOLCHAIN CGO_ENABLED=$CGO_ENABLED";
  writeFileSync(
    path.join(sdk, "bin/go"),
    `#!/bin/sh\necho "${noted}" >>'${sdk}/calls'\ntouch "$GOCACHE-used" || exit 1\ncp '${sdk}/program' "$GOBIN/x"\n`,
    { mode: 0o755 },
  );
  return async () => sdk;
}
const calls = (): string[] => readFileSync(path.join(folder, "sdk/calls"), "utf8").trim().split("\n");
const left = (): string[] => readdirSync(toolsCache(host)).filter((name) => name.startsWith("."));

test("two that want it at the same time get one build, in nobody's settings but ours, and no scratch is left", async () => {
  const sdk = standInGo();
  const both = await Promise.all([builtTool(host, question, sdk, quiet), builtTool(host, question, sdk, quiet)]);
  expect(both[0]).toEqual(both[1]);
  expect(both[0]).toMatchObject({ sum: "h1:abc=" });
  expect(calls()).toEqual([
    "install -trimpath -ldflags=-s -w example.com/m/cmd/x@v1.2.3 | GOFLAGS=-modcacherw GOROOT=unset GOTOOLCHAIN=local CGO_ENABLED=0",
  ]);
  expect(left()).toEqual([]);
});

test("an image's layer takes what the machine's tools have built", async () => {
  const place = standInCache("1.22.6", []);
  try {
    const env = { ...host.env, WORKSTATION_CACHE_DIR: place.host.folders.cache };
    const shared = machineHost({ env });
    await builtTool(shared, question, standInGo(), quiet);
    const sdkLayer = await anySdkLayer(shared, "1.22.6", "amd64", quiet);
    const work = path.join(folder, "work");
    mkdirSync(work);
    // The Go in that layer is a stand-in that builds nothing.
    const made = await makeTools(shared, { go: "1.22.6", arch: "amd64", pins: [pin], sdkLayer }, work, quiet);
    expect(made.size).toBeGreaterThan(1024);
    expect(calls()).toHaveLength(1);
  } finally {
    place.remove();
  }
});

test("another Go, version or processor is another program", async () => {
  const sdk = standInGo();
  await builtTool(host, question, sdk, quiet);
  await builtTool(host, { ...question, arch: "arm64" }, sdk, quiet);
  const other = { ...question, go: "1.23.12" };
  await expect(builtTool(host, other, sdk, quiet)).rejects.toThrow(
    "go install example.com/m/cmd/x@v1.2.3 made something else: example.com/m/cmd/x v1.2.3, built with Go 1.22.6",
  );
  expect(calls()).toHaveLength(3);
  expect(left()).toEqual([]);
});

test("a copy that was damaged is built again", async () => {
  const sdk = standInGo();
  const { file, sha256 } = await builtTool(host, question, sdk, quiet);
  writeFileSync(file, "rotten");
  expect((await builtTool(host, question, sdk, quiet)).sha256).toBe(sha256);
  expect(calls()).toHaveLength(2);
});

test("what a killed build left is cleared away by the next", async () => {
  mkdirSync(path.join(toolsCache(host), ".tmp-4194305-abcdef/gopath"), { recursive: true });
  await builtTool(host, question, standInGo(), quiet);
  expect(left()).toEqual([]);
});

test("the SDK of one image serves another whose default it is not: made from the same files, with nothing downloaded", async () => {
  const place = standInCache("1.22.6", []);
  try {
    // Without a go command nothing could be downloaded.
    const without = machineHost({ env: { ...place.host.env, PATH: "/usr/bin:/bin" } });
    const first = await anySdkLayer(without, "1.22.6", "amd64", quiet);
    const job = sdkJob(without, { kind: "goSdk", version: "1.22.6", default: false }, "amd64");
    const second = await ensureLayer(without, job, quiet);
    expect(second.sum).toBe(SUM);
    expect(second.key).not.toBe(first.key);
    const { stdout } = await without.run("tar", ["-tf", second.file]);
    expect(stdout).toContain("usr/local/sdk/go1.22.6/bin/go\n");
    expect(stdout).not.toContain("usr/local/go\n");
  } finally {
    place.remove();
  }
});
