import { appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { goSdk } from "../../../provider/resources/go-sdk.ts";
import { goTool } from "../../../provider/resources/go-tool.ts";
import { type Place, standInCache, standInProgram } from "../go/standin.ts";

const quiet = () => {};
const known = new Set<string>();
const pin = { package: "example.com/m/cmd/x", version: "v1.2.3", binary: "x" };
const wrong = { package: "example.com/m/cmd/y", version: "v2.0.0", binary: "y" };
const program = standInProgram({ go: "1.22.6", sum: "h1:abc=", ...pin });
let place: Place;
let folder: string;
beforeEach(() => {
  place = standInCache("1.22.6", [
    { pin, content: program },
    { pin: wrong, content: program },
  ]);
  folder = path.join(place.folder, "go");
});
afterEach(() => place.remove());

const sdk = () => ({ version: "1.22.6", folder });
const tool = () => ({ ...pin, go: "1.22.6", folder });
const sdkDrift = async (olds: Awaited<ReturnType<typeof goSdk.create>>): Promise<string[]> => {
  const found = await goSdk.read(place.host, olds.id, olds.outputs);
  return found === undefined ? ["missing"] : (await goSdk.diff(place.host, found.outputs, sdk(), known)).changed;
};

describe("GoSdk", () => {
  test("is put in place whole, seen, and taken away with its folder when nothing else is in there", async () => {
    const made = await goSdk.create(place.host, sdk(), quiet);
    expect(made).toMatchObject({ id: `${folder}/go1.22.6`, outputs: { version: "1.22.6" } });
    expect(readdirSync(folder)).toEqual(["go1.22.6"]);
    expect(existsSync(`${folder}/go1.22.6/src/fmt/print.go`)).toBe(true);
    expect(await sdkDrift(made)).toEqual([]);
    await goSdk.delete(place.host, made.id, made.outputs);
    expect(existsSync(folder)).toBe(false);
  });

  test.each<[string, (root: string) => void, string[]]>([
    ["removed", (root) => rmSync(root, { recursive: true }), ["missing"]],
    ["its go edited", (root) => appendFileSync(`${root}/bin/go`, "#"), ["version"]],
    ["its compiler removed", (root) => rmSync(`${root}/pkg/tool/linux_amd64/compile`), ["version"]],
    ["its go not executable", (root) => chmodSync(`${root}/bin/go`, 0o644), ["version"]],
    ["another release in its place", (root) => writeFileSync(`${root}/VERSION`, "go1.21.0\n"), ["version"]],
    ["no word on its release", (root) => rmSync(`${root}/VERSION`), ["version"]],
  ])("%s is drift, and another run puts it right", async (_name, harm, changed) => {
    const made = await goSdk.create(place.host, sdk(), quiet);
    harm(made.id);
    expect(await sdkDrift(made)).toEqual(changed);
    const outputs = await goSdk.update(place.host, made.id, made.outputs, sdk(), quiet);
    expect(await sdkDrift({ ...made, outputs })).toEqual([]);
    expect(readdirSync(folder)).toEqual(["go1.22.6"]);
  });

  test("what a killed run left half unpacked is cleared away by the next", async () => {
    mkdirSync(`${folder}/.go-workstation-4194305-abcdef/usr`, { recursive: true });
    await goSdk.create(place.host, sdk(), quiet);
    expect(readdirSync(folder)).toEqual(["go1.22.6"]);
  });

  test("two at once end with one whole SDK", async () => {
    await Promise.all([goSdk.create(place.host, sdk(), quiet), goSdk.create(place.host, sdk(), quiet)]);
    expect(readdirSync(folder)).toEqual(["go1.22.6"]);
  });

  test("another version is another folder", async () => {
    const made = await goSdk.create(place.host, sdk(), quiet);
    const diff = await goSdk.diff(place.host, made.outputs, { version: "1.23.12", folder }, known);
    expect(diff).toEqual({
      changed: ["folder", "version"],
      replaces: ["folder", "version"],
      deleteBeforeReplace: false,
    });
  });

  test("a folder that is none of ours is never removed", async () => {
    const made = await goSdk.create(place.host, sdk(), quiet);
    await expect(goSdk.delete(place.host, folder, made.outputs)).rejects.toThrow(/is no folder of a Go SDK/);
  });
});

describe("GoTool", () => {
  const drift = async (made: Awaited<ReturnType<typeof goTool.create>>): Promise<string[]> => {
    const found = await goTool.read(place.host, made.id, made.outputs);
    return found === undefined ? ["missing"] : (await goTool.diff(place.host, found.outputs, tool(), known)).changed;
  };

  test("comes out of the image's layer, tells version and sum itself, and leaves nothing", async () => {
    const made = await goTool.create(place.host, tool(), quiet);
    expect(made.outputs).toMatchObject({ ...tool(), sum: "h1:abc=", path: `${folder}/go1.22.6-tools/bin/x` });
    expect(await drift(made)).toEqual([]);
    await goTool.delete(place.host, made.id, made.outputs);
    expect(existsSync(folder)).toBe(false);
  });

  test.each<[string, (file: string) => void, string[]]>([
    ["removed", (file) => rmSync(file), ["missing"]],
    ["edited", (file) => appendFileSync(file, "x"), ["version"]],
    [
      "replaced by another version",
      (file) => writeFileSync(file, standInProgram({ go: "1.22.6", sum: "h1:x=", ...pin, version: "v1.3.0" })),
      ["version"],
    ],
    ["replaced by a script", (file) => writeFileSync(file, "#!/bin/sh\n"), ["package", "version", "go"]],
    ["no longer executable", (file) => chmodSync(file, 0o644), ["go"]],
  ])("%s is drift, and another run puts it right", async (_name, harm, changed) => {
    const made = await goTool.create(place.host, tool(), quiet);
    harm(made.id);
    expect(await drift(made)).toEqual(changed);
    const outputs = await goTool.update(place.host, made.id, made.outputs, tool(), quiet);
    expect(await drift({ ...made, outputs })).toEqual([]);
  });

  test("a program that is not what its layer says is refused", async () => {
    await expect(goTool.create(place.host, { ...wrong, go: "1.22.6", folder }, quiet)).rejects.toThrow(
      "says it is example.com/m/cmd/x v1.2.3, but example.com/m/cmd/y v2.0.0 was asked for",
    );
  });

  test("import reads everything from the program", async () => {
    const made = await goTool.create(place.host, tool(), quiet);
    expect((await goTool.read(place.host, made.id, undefined))?.inputs).toEqual(tool());
  });
});

test.each<[string, object, string]>([
  ["latest", { version: "latest" }, 'version: is "latest"; must be an exact version such as v0.16.2; never latest'],
  ["a range", { version: "v1" }, 'version: is "v1"; must be an exact version'],
  ["a system folder", { folder: "/usr/local/go" }, 'folder: is "/usr/local/go", which belongs to the system'],
  ["a relative folder", { folder: "go" }, 'folder: is "go"; must be an absolute path'],
  ["no package path", { package: "gopls" }, 'package: is "gopls"; must be a package path'],
])("%s is refused", async (_name, changes, message) => {
  const { failures } = await goTool.check(place.host, { ...tool(), ...changes }, known);
  expect(failures.map(({ property, reason }) => `${property}: ${reason}`)).toEqual([expect.stringContaining(message)]);
});
