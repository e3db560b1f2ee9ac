import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { listTree, treeDigest } from "../../../provider/go/sdk-tree.ts";
import { deepSdkDifferences, goSdk } from "../../../provider/resources/go-sdk.ts";
import { goTool } from "../../../provider/resources/go-tool.ts";
import { type Place, SUM, standInCache, standInProgram } from "../go/standin.ts";

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
    ["its standard library edited", (root) => appendFileSync(`${root}/src/fmt/print.go`, "//"), ["version"]],
    ["a part of it removed", (root) => rmSync(`${root}/src`, { recursive: true }), ["version"]],
    ["a file added", (root) => writeFileSync(`${root}/src/fmt/evil.go`, "package fmt\n"), ["version"]],
    ["its go changed under the same size and time", (root) => sameLooks(`${root}/bin/go`, "X"), ["version"]],
  ])("%s is drift, and another run puts it right", async (_name, harm, changed) => {
    const made = await goSdk.create(place.host, sdk(), quiet);
    harm(made.id);
    expect(await sdkDrift(made)).toEqual(changed);
    const outputs = await goSdk.update(place.host, made.id, made.outputs, sdk(), quiet);
    expect(await sdkDrift({ ...made, outputs })).toEqual([]);
    expect(readdirSync(folder)).toEqual(["go1.22.6"]);
  });

  test("what a killed run left half unpacked is cleared away by the next", async () => {
    mkdirSync(`${folder}/.go1.22.6.go-workstation-4194305-abcdef/usr`, { recursive: true });
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
    expect(diff).toEqual({ changed: ["version"], replaces: ["version"], deleteBeforeReplace: false });
  });

  test("says which files are not as they were, some of them by name", async () => {
    const made = await goSdk.create(place.host, sdk(), quiet);
    rmSync(`${made.id}/VERSION`);
    for (let number = 10; number < 30; number += 1) writeFileSync(`${made.id}/extra-${number}`, "");
    const damaged = (await goSdk.read(place.host, made.id, made.outputs))?.outputs.damaged ?? [];
    expect(damaged).toHaveLength(11);
    expect(damaged.slice(0, 2)).toEqual(["VERSION removed", "extra-10 added"]);
    expect(damaged.at(-1)).toBe("and 11 more");
  });

  test("the deep look finds content that was changed under the same size and time", async () => {
    const made = await goSdk.create(place.host, sdk(), quiet);
    expect(await deepSdkDifferences(place.host, made.id)).toEqual([]);
    sameLooks(`${made.id}/src/fmt/print.go`, "X");
    expect(await sdkDrift(made)).toEqual([]);
    expect(await deepSdkDifferences(place.host, made.id)).toEqual(["src/fmt/print.go"]);
  });

  test("keeps the sum of its module, also when the state has lost it", async () => {
    const made = await goSdk.create(place.host, sdk(), quiet);
    expect(made.outputs.sum).toBe(SUM);
    expect((await goSdk.read(place.host, made.id, undefined))?.outputs.sum).toBe(SUM);
  });

  describe("somebody else's SDK", () => {
    const theirs = () => {
      mkdirSync(`${folder}/go1.22.6`, { recursive: true });
      writeFileSync(`${folder}/go1.22.6/VERSION`, "go1.22.6\n");
      return `${folder}/go1.22.6`;
    };

    test("is not overwritten", async () => {
      const root = theirs();
      await expect(goSdk.create(place.host, sdk(), quiet)).rejects.toThrow(
        /is there already, and go-workstation did not/,
      );
      expect(readdirSync(root)).toEqual(["VERSION"]);
      expect(readdirSync(folder)).toEqual(["go1.22.6"]);
    });

    test("is imported as it is, and delete leaves it", async () => {
      const root = theirs();
      const read = await goSdk.read(place.host, root, undefined);
      expect(read?.inputs).toEqual(sdk());
      expect((await goSdk.diff(place.host, read?.outputs as never, sdk(), known)).changed).toEqual([]);
      const told: string[] = [];
      await goSdk.delete(place.host, root, read?.outputs as never, (text) => told.push(text));
      expect(readdirSync(root)).toEqual(["VERSION"]);
      expect(told).toEqual([`${root} was not made by go-workstation and stays`]);
    });

    test("in the way as a file is refused; a folder that is no SDK cannot be imported", async () => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${folder}/go1.22.6`, "");
      await expect(goSdk.create(place.host, sdk(), quiet)).rejects.toThrow(/is in the way: not a folder/);
      await expect(goSdk.read(place.host, folder, undefined)).rejects.toThrow(/is no Go SDK that can be imported/);
    });

    test("the same files as ours are ours, when our own record of them is lost", async () => {
      const made = await goSdk.create(place.host, sdk(), quiet);
      rmSync(`${place.folder}/state`, { recursive: true });
      await goSdk.create(place.host, sdk(), quiet);
      await goSdk.delete(place.host, made.id, made.outputs);
      expect(existsSync(folder)).toBe(false);
    });
  });

  describe("kill -9", () => {
    const child = (operation: string, killAt: number) =>
      spawnSync(
        process.execPath,
        [
          "--disable-warning=ExperimentalWarning",
          "--import",
          path.join(__dirname, "../fixtures/standin-killer.mjs"),
          path.join(__dirname, "../fixtures/go-sdk-child.ts"),
          ...[operation, "1.22.6", folder],
        ],
        { env: { ...(place.host.env as NodeJS.ProcessEnv), KILL_AT: String(killAt) }, encoding: "utf8" },
      );

    test.each(["create", "update", "delete"])(
      "before any step of %s leaves a whole SDK or none, and the next run ends the work",
      async (operation) => {
        const root = `${folder}/go1.22.6`;
        let kills = 0;
        for (let step = 1; ; step += 1) {
          rmSync(folder, { recursive: true, force: true });
          rmSync(`${place.folder}/state`, { recursive: true, force: true });
          if (operation !== "create") await goSdk.create(place.host, sdk(), quiet);
          if (operation === "update") appendFileSync(`${root}/bin/go`, "edited");
          const before = existsSync(root) ? treeDigest(listTree(root)) : "";
          const run = child(operation, step);
          if (run.signal === null) {
            expect(run.stderr).toBe("");
            break;
          }
          kills += 1;
          const now = existsSync(root) ? treeDigest(listTree(root)) : "";
          const made = await goSdk.create(place.host, sdk(), quiet);
          expect(["", before, made.outputs.tree]).toContain(now);
          expect(await sdkDrift(made)).toEqual([]);
          expect(readdirSync(folder)).toEqual(["go1.22.6"]);
        }
        expect(kills).toBeGreaterThan(5);
      },
      120_000,
    );
  });
});

/** An edit that shows in the content only. */
function sameLooks(file: string, start: string): void {
  const { mode, atime, mtime } = statSync(file);
  const content = readFileSync(file);
  content.write(start);
  writeFileSync(file, content, { mode });
  utimesSync(file, atime, mtime);
}

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
    ["edited under the same size and time", (file) => sameLooks(file, "X"), ["version"]],
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

  test("a program that is not what its layer says is not taken; it would be built, with the Go beside it", async () => {
    await expect(goTool.create(place.host, { ...wrong, go: "1.22.6", folder }, quiet)).rejects.toThrow(
      `Go 1.22.6, which builds it, is not at ${folder}/go1.22.6; declare a GoSdk`,
    );
    expect(existsSync(folder)).toBe(false);
  });

  test("somebody else's program is not overwritten, is imported as it is, and stays", async () => {
    const file = `${folder}/go1.22.6-tools/bin/x`;
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, standInProgram({ go: "1.22.6", sum: "h1:own=", ...pin }), { mode: 0o755 });
    await expect(goTool.create(place.host, tool(), quiet)).rejects.toThrow(
      /is there already, and go-workstation did not/,
    );
    const read = await goTool.read(place.host, file, undefined);
    expect(read?.outputs).toMatchObject({ ...tool(), sum: "h1:own=" });
    await goTool.delete(place.host, file, read?.outputs as never);
    expect(existsSync(file)).toBe(true);
  });

  test("what somebody put in its place stays on delete, and is told", async () => {
    const made = await goTool.create(place.host, tool(), quiet);
    writeFileSync(made.id, "#!/bin/sh\n");
    const told: string[] = [];
    await goTool.delete(place.host, made.id, made.outputs, (text) => told.push(text));
    expect(told).toEqual([`${made.id} is another program than the one installed, and stays`]);
    expect(readFileSync(made.id, "utf8")).toBe("#!/bin/sh\n");
  });

  test("a script cannot be imported", async () => {
    const made = await goTool.create(place.host, tool(), quiet);
    writeFileSync(made.id, "#!/bin/sh\n");
    await expect(goTool.read(place.host, made.id, undefined)).rejects.toThrow(
      /is no Go program, and cannot be imported/,
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

test("a link that leads into a system folder is refused, at check and before anything is written", async () => {
  symlinkSync("/usr/local", `${place.folder}/link`);
  const led = { ...sdk(), folder: `${place.folder}/link/go` };
  const { failures } = await goSdk.check(place.host, led, known);
  expect(failures.map(({ property, reason }) => `${property}: ${reason}`)).toEqual([
    expect.stringContaining("belongs to the system (it leads to /usr/local/go)"),
  ]);
  await expect(goSdk.create(place.host, led, quiet)).rejects.toThrow(/belongs to the system/);
});
