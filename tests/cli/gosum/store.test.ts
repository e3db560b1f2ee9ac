/** The archive of go.sum files on a real disk, with real processes that are killed. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Kept, keepGoSums, openArchive } from "../../../cli/gosum/store.ts";
import { h1, line } from "../../domain/gosum/sums.ts";

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "gows-gosum-"));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

const NOW = new Date("2026-11-24T12:00:00Z");
const kept = (name: string, text: string): Kept => ({ project: `/src/${name}`, file: `/src/${name}/go.sum`, text });
const folder = (...parts: string[]): string => join(state, "gosum", ...parts);
const journal = (): string => folder("sightings.jsonl");
const contents = (): string[] => readdirSync(folder("files"));

async function seeded(): Promise<void> {
  await keepGoSums(state, [kept("a", line("x.y/m", "v1.0.0"))], new Date("2026-11-01T00:00:00Z"));
  await keepGoSums(state, [kept("b", line("x.y/n", "v1.0.0"))], new Date("2026-11-02T00:00:00Z"));
}

test("each content once, each sighting once, and only for its owner to read", async () => {
  const text = line("x.y/m", "v1.0.0");
  const first = await keepGoSums(state, [kept("a", text), kept("b", text)], NOW);
  expect(first.added.map(({ project }) => project)).toEqual(["/src/a", "/src/b"]);
  expect((await keepGoSums(state, [kept("a", text), kept("b", text)], NOW)).added).toEqual([]);
  expect(contents()).toHaveLength(1);
  const { archive, sightings, notes } = openArchive(state);
  expect([sightings.length, notes]).toEqual([2, []]);
  expect(archive.entries.get("zip x.y/m@v1.0.0")).toEqual([
    { hash: h1("x.y/m@v1.0.0"), time: NOW.toISOString(), project: "/src/a", projects: [0, 1] },
  ]);
  expect(statSync(folder()).mode & 0o777).toBe(0o700);
  expect(statSync(journal()).mode & 0o777).toBe(0o600);
});

test("a content that comes back is seen again, and nothing that was is lost", async () => {
  const [one, two] = [line("x.y/m", "v1.0.0", "1"), line("x.y/m", "v1.0.0", "2")];
  for (const text of [one, two, one]) await keepGoSums(state, [kept("a", text)], NOW);
  expect(openArchive(state).sightings).toHaveLength(3);
  expect(
    openArchive(state)
      .archive.entries.get("zip x.y/m@v1.0.0")
      ?.map(({ hash }) => hash),
  ).toEqual([h1("1"), h1("2")]);
});

test("an archive that was never written is empty and without notes", () => {
  expect(openArchive(state)).toMatchObject({ sightings: [], notes: [] });
});

describe("damage", () => {
  const index = (): string => folder("index.json");
  test.each<[string, () => void, RegExp]>([
    ["cut", () => truncateSync(index(), statSync(index()).size - 20), /index was damaged/],
    ["empty", () => truncateSync(index(), 0), /index was damaged/],
    ["of another version", () => writeFileSync(index(), '{"version":2}\n{}\n'), /index was damaged/],
    [
      "with one hash changed",
      () => writeFileSync(index(), readFileSync(index(), "utf8").replace(h1("x.y/m@v1.0.0"), h1("forged"))),
      /checksum/,
    ],
  ])("an index that is %s is made again from the kept files, and that is said", async (_, damage, note) => {
    await seeded();
    const before = openArchive(state);
    damage();
    const read = openArchive(state);
    expect(read.notes).toEqual([expect.stringMatching(note)]);
    expect(read.archive).toEqual(before.archive);
    const mended = await keepGoSums(state, [], NOW);
    expect(mended.notes).toEqual([expect.stringMatching(note)]);
    expect(openArchive(state)).toEqual(before);
  });

  test("an index that is gone costs time only", async () => {
    await seeded();
    const before = openArchive(state);
    rmSync(index());
    expect(openArchive(state)).toEqual(before);
  });

  test.each<[string, () => void]>([
    [
      "with a line of garbage",
      () => writeFileSync(journal(), `garbage\n${readFileSync(journal(), "utf8").split("\n")[1]}\n`),
    ],
    ["gone", () => rmSync(journal())],
    ["cut short", () => truncateSync(journal(), 10)],
    ["emptied", () => truncateSync(journal(), 0)],
  ])("a journal that is %s: the hashes come from the kept files, and the damaged one stays", async (_, damage) => {
    await seeded();
    damage();
    const read = openArchive(state);
    expect(read.notes.length).toBeGreaterThan(0);
    expect([...read.archive.entries.keys()].sort()).toEqual(["zip x.y/m@v1.0.0", "zip x.y/n@v1.0.0"]);
    await keepGoSums(state, [kept("c", line("x.y/o", "v1.0.0"))], NOW);
    const mended = openArchive(state);
    expect(mended.notes).toEqual([]);
    expect([...mended.archive.entries.keys()].sort()).toEqual([
      "zip x.y/m@v1.0.0",
      "zip x.y/n@v1.0.0",
      "zip x.y/o@v1.0.0",
    ]);
  });

  test("a kept file that holds something else is told, not believed, and written again when it comes by", async () => {
    await seeded();
    rmSync(index());
    const [first = "", second = ""] = contents();
    writeFileSync(folder("files", first), readFileSync(folder("files", second)));
    expect(openArchive(state).notes).toEqual([expect.stringMatching(/holds something else/)]);
    expect(openArchive(state).archive.entries.size).toBe(1);
    await seeded();
    expect(openArchive(state).archive.entries.size).toBe(2);
    rmSync(index());
    expect(openArchive(state).notes).toEqual([]);
  });
});

describe("a kill between two writes", () => {
  test("after the file: it is seen at the next run", async () => {
    await seeded();
    const [before, size] = [openArchive(state), statSync(journal()).size];
    await keepGoSums(state, [kept("c", line("x.y/o", "v1.0.0"))], NOW);
    truncateSync(journal(), size);
    writeFileSync(folder("index.json"), "");
    rmSync(folder("index.json"));
    expect(openArchive(state)).toEqual(before);
    expect((await keepGoSums(state, [kept("c", line("x.y/o", "v1.0.0"))], NOW)).added).toHaveLength(1);
    expect(openArchive(state).archive.entries.size).toBe(3);
  });

  test("in the middle of a line: the half goes, nothing is said, and nothing else is lost", async () => {
    await seeded();
    const before = openArchive(state);
    appendFileSync(journal(), '{"time":"2026-11-24T12:0');
    expect(openArchive(state)).toEqual(before);
    await keepGoSums(state, [kept("c", line("x.y/o", "v1.0.0"))], NOW);
    expect(openArchive(state)).toMatchObject({ notes: [], sightings: { length: 3 } });
    expect(readFileSync(journal(), "utf8")).not.toContain("12:0{");
  });

  test("just before the end of a line: the line counts", async () => {
    await seeded();
    const before = openArchive(state);
    truncateSync(journal(), statSync(journal()).size - 1);
    rmSync(folder("index.json"));
    expect(openArchive(state)).toEqual(before);
    await keepGoSums(state, [kept("c", line("x.y/o", "v1.0.0"))], NOW);
    expect(openArchive(state)).toMatchObject({ notes: [], sightings: { length: 3 } });
  });
});

function child(name: string, count: number): { process: ChildProcess; told: () => number; ended: Promise<unknown> } {
  const file = join(__dirname, "..", "fixtures", "gosum-child.ts");
  const process_ = spawn(process.execPath, [file, state, name, String(count)], { stdio: ["ignore", "pipe", "pipe"] });
  let [out, errors] = ["", ""];
  process_.stdout.on("data", (chunk) => {
    out += String(chunk);
  });
  process_.stderr.on("data", (chunk) => {
    errors += String(chunk);
  });
  const ended = new Promise((resolve, reject) => {
    process_.on("close", (code) => (code === 1 ? reject(new Error(errors)) : resolve(code)));
  });
  return { process: process_, told: () => out.split("\n").length - 1, ended };
}

test("killed with -9 at any moment, all that was told is there and nothing is damaged", async () => {
  let promised = 0;
  for (let round = 0; round < 8; round++) {
    const { process: running, told, ended } = child(`r${round}-`, 10_000);
    await new Promise<void>((resolve) => {
      const look = setInterval(() => {
        if (told() < 2 + round) return;
        clearInterval(look);
        resolve();
      }, 1);
    });
    running.kill("SIGKILL");
    await ended;
    promised += told();
    const { notes, archive } = openArchive(state);
    expect(notes).toEqual([]);
    expect(archive.entries.size).toBeGreaterThanOrEqual(promised + 1);
    promised = archive.entries.size - 1;
  }
  await keepGoSums(state, [], NOW);
  expect([...contents(), ...readdirSync(folder())].filter((name) => name.endsWith(".tmp"))).toEqual([]);
  rmSync(folder("index.json"));
  expect(openArchive(state).archive.entries.size).toBe(promised + 1);
});

test("two processes at once lose nothing, and the first hash is the same for both", async () => {
  const [count, names] = [25, ["p", "q", "r"]];
  await Promise.all(names.map((name) => child(name, count).ended));
  const { archive, sightings, notes } = openArchive(state);
  expect(notes).toEqual([]);
  expect(sightings).toHaveLength(count * names.length);
  expect(archive.entries.size).toBe(count * names.length + 1);
  expect(archive.entries.get("zip example.com/shared@v1.0.0")).toHaveLength(1);
  rmSync(folder("index.json"));
  expect(openArchive(state).archive).toEqual(archive);
});
