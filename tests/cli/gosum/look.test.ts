/** What `up` sees of the projects' go.sum files, on a real disk. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { look as lookAt } from "../../../cli/gosum/seen.ts";
import { goSumFiles } from "../../../cli/gosum/sources.ts";
import { openArchive } from "../../../cli/gosum/store.ts";
import { parseSettings } from "../../../config/load.ts";
import { h1, line } from "../../domain/gosum/sums.ts";

let root: string;
let state: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gows-look-"));
  state = join(root, "state");
  for (const name of ["a", "b"]) mkdirSync(join(root, name));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const settings = parseSettings({
  projects: [{ path: "a" }, { path: "b" }].map(({ path }) => ({ path, name: `p-${path}` })),
});
const files = () => goSumFiles(settings, root);
const look = () => lookAt(state, "me", files());
const write = (name: string, text: string): void => writeFileSync(join(root, name), text);

test("projects without a go.sum: nothing to say, nothing kept", async () => {
  expect(await look()).toEqual({ warnings: [], modules: "", news: [] });
  expect(openArchive(state).sightings).toEqual([]);
});

test("a module version whose hash changed is told at each run until it is right again", async () => {
  write("a/go.sum", line("x.y/m", "v1.0.0", "first"));
  expect((await look()).warnings).toEqual([]);
  write("b/go.sum", line("x.y/m", "v1.0.0", "second"));
  const { warnings } = await look();
  expect(warnings).toHaveLength(1);
  for (const part of ["x.y/m@v1.0.0", h1("first"), h1("second"), join(root, "a"), join(root, "b", "go.sum:1")])
    expect(warnings[0]).toContain(part);
  expect((await look()).warnings).toEqual(warnings);
  write("b/go.sum", line("x.y/m", "v1.0.0", "first"));
  expect((await look()).warnings).toEqual([]);
  expect(openArchive(state).archive.entries.get("zip x.y/m@v1.0.0")?.[0]?.hash).toBe(h1("first"));
});

test("when no file has changed, none is read and nothing is written", async () => {
  write("a/go.sum", line("x.y/m", "v1.0.0"));
  const first = await look();
  const index = join(state, "gosum", "index.json");
  writeFileSync(index, "would be told if it were read");
  const before = statSync(join(state, "gosum", "seen", "me.json")).mtimeMs;
  expect(await look()).toEqual({ ...first, news: [] });
  expect(statSync(join(state, "gosum", "seen", "me.json")).mtimeMs).toBe(before);
  expect(readFileSync(index, "utf8")).toContain("would be told");
});

test("a change that keeps size and time is seen all the same", async () => {
  write("a/go.sum", line("x.y/m", "v1.0.0", "1"));
  const file = join(root, "a", "go.sum");
  const { atime, mtime } = statSync(file);
  const first = await look();
  write("a/go.sum", line("x.y/m", "v1.0.0", "2"));
  utimesSync(file, atime, mtime);
  const second = await look();
  expect(second.modules).not.toBe(first.modules);
  expect(second.warnings).toHaveLength(1);
});

test("a file that was only touched is no new module set", async () => {
  write("a/go.sum", line("x.y/m", "v1.0.0"));
  const first = await look();
  utimesSync(join(root, "a", "go.sum"), 1, 1);
  expect(await look()).toEqual(first);
  expect(openArchive(state).sightings).toHaveLength(1);
});

test("lines that are no sums are told with their place, the first five of a file", async () => {
  write("a/go.sum", `${line("x.y/m", "v1.0.0")}${"<<<<<<< HEAD\n".repeat(8)}`);
  const { warnings, modules } = await look();
  expect(warnings).toHaveLength(6);
  expect(warnings[0]).toContain(`${join(root, "a", "go.sum")}:2: is a mark of a merge`);
  expect(warnings[5]).toContain("and 3 more");
  expect(modules).not.toBe("");
});

test("a go.sum that is a folder is told and does not hide the others", async () => {
  mkdirSync(join(root, "a", "go.sum"));
  write("b/go.sum", line("x.y/m", "v1.0.0"));
  const { warnings } = await look();
  expect(warnings).toEqual([expect.stringContaining(join(root, "a", "go.sum"))]);
  expect(openArchive(state).archive.entries.size).toBe(1);
});

test("a workspace's own sums and those of the modules that it uses count", async () => {
  mkdirSync(join(root, "a", "tool kit"));
  write("a/go.work", 'go 1.22\n\nuse (\n\t. // this one\n\t"./tool kit"\n)\nuse ../b\nreplace x => y\n');
  expect(files().map(({ file, project }) => [file.slice(root.length), project.slice(root.length)])).toEqual([
    ["/a/go.sum", "/a"],
    ["/a/tool kit/go.sum", "/a"],
    ["/b/go.sum", "/a"],
    ["/a/go.work.sum", "/a"],
  ]);
});
