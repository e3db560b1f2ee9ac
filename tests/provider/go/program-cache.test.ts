import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { GoProgram } from "../../../domain/recipe.ts";
import { builtProgram, programKey, programsCache, sourcesDigest } from "../../../provider/go/program-cache.ts";
import { type Host, machineHost } from "../../../provider/host.ts";

jest.setTimeout(180_000);

let folder: string;
let host: Host;
const goroot = execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
const gocache = execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" }).trim();
const go = /go(\S+)/.exec(readFileSync(path.join(goroot, "VERSION"), "utf8"))?.[1] ?? "";

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "program-cache-test-"));
  host = machineHost({
    // The standard library is compiled once for all: that is not what is tried here.
    env: { PATH: process.env.PATH, HOME: folder, GOCACHE: gocache, WORKSTATION_CACHE_DIR: path.join(folder, "cache") },
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function hello(place: string, text = "hello"): Promise<GoProgram> {
  const module = path.join(folder, place);
  mkdirSync(path.join(module, "cmd/hello"), { recursive: true });
  writeFileSync(path.join(module, "go.mod"), "module example.com/hello\n\ngo 1.22\n");
  writeFileSync(path.join(module, "cmd/hello/main.go"), `package main\n\nfunc main() { println("${text}") }\n`);
  return { module, package: "./cmd/hello", binary: "hello", digest: await sourcesDigest(module) };
}

test("a program is built once, is static, and a damaged copy is built again", async () => {
  const program = await hello("a");
  const question = { program, go, arch: process.arch === "arm64" ? "arm64" : "amd64" };
  const told: string[] = [];
  const build = () =>
    builtProgram(
      host,
      question,
      async () => goroot,
      (text) => told.push(text),
    );
  const [one, two] = await Promise.all([build(), build()]);
  expect(one).toEqual(two);
  expect(told.filter((text) => text.startsWith("building"))).toHaveLength(1);
  expect(() => execFileSync(one.file, { encoding: "utf8" })).not.toThrow();
  writeFileSync(one.file, "changed");
  expect((await build()).sha256).toBe(one.sha256);
  expect(told.filter((text) => text.startsWith("building"))).toHaveLength(2);
  expect(readdirSync(programsCache(host)).filter((name) => name.startsWith("."))).toEqual([]);
});

test("the key follows from what is in the folder, not from where it stands; tests do not count", async () => {
  const [a, b, other] = [await hello("a"), await hello("b"), await hello("c", "other")];
  const key = (program: GoProgram) => programKey({ program, go, arch: "amd64" });
  expect(key(a)).toBe(key(b));
  expect(key(a)).not.toBe(key(other));
  writeFileSync(path.join(a.module, "cmd/hello/main_test.go"), "package main\n");
  expect(await sourcesDigest(a.module)).toBe(a.digest);
  writeFileSync(path.join(a.module, "go.sum"), "");
  expect(await sourcesDigest(a.module)).not.toBe(a.digest);
});

test("what does not compile leaves nothing behind, and says what the compiler said", async () => {
  const program = await hello("a", 'x" + 1 + "');
  const question = { program, go, arch: "amd64" };
  await expect(
    builtProgram(
      host,
      question,
      async () => goroot,
      () => {},
    ),
  ).rejects.toThrow(/go build .*mismatched types|invalid operation/s);
  expect(existsSync(path.join(programsCache(host), programKey(question)))).toBe(false);
  expect(readdirSync(programsCache(host))).toEqual([]);
});

test("a folder without go.mod is named", async () => {
  await expect(sourcesDigest(folder)).rejects.toThrow(`${folder} is not a Go module`);
});
