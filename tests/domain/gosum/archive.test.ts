import { addSighting, changeText, emptyArchive, findChanges } from "../../../domain/gosum/archive.ts";
import { compareVersions, findModules, globMatches } from "../../../domain/gosum/find.ts";
import { parseGoSum } from "../../../domain/gosum/parse.ts";
import { h1, line, random, shuffled } from "./sums.ts";

const A = { time: "2026-11-01T10:00:00.000Z", project: "/src/a", file: "/src/a/go.sum" };
const B = { time: "2026-11-20T10:00:00.000Z", project: "/src/b", file: "/src/b/go.sum" };

function archiveOf(...all: [typeof A, string][]) {
  const archive = emptyArchive();
  for (const [sighting, text] of all) addSighting(archive, sighting, parseGoSum(text));
  return archive;
}

test("the first hash stays the first, whatever comes later", () => {
  const changed = line("x.y/m", "v1.0.0", "other");
  const archive = archiveOf(
    [A, line("x.y/m", "v1.0.0", "first")],
    [B, changed],
    [{ ...B, time: "2026-12-01" }, changed],
  );
  expect(archive.entries.get("zip x.y/m@v1.0.0")).toEqual([
    { hash: h1("first"), time: A.time, project: "/src/a", projects: [0] },
    { hash: h1("other"), time: B.time, project: "/src/b", projects: [1] },
  ]);
  const changes = findChanges(archive, B, parseGoSum(`\n${changed}`));
  expect(changes).toEqual([
    {
      module: "x.y/m",
      version: "v1.0.0",
      kind: "zip",
      first: { hash: h1("first"), time: A.time, project: "/src/a" },
      now: { time: B.time, hash: h1("other"), project: "/src/b", file: "/src/b/go.sum", line: 2 },
    },
  ]);
  const [change] = changes;
  const text = change === undefined ? "" : changeText(change);
  for (const part of ["x.y/m@v1.0.0", h1("first"), h1("other"), "2026-11-01", "/src/a", "/src/b/go.sum:2"])
    expect(text).toContain(part);
});

test("a module and its go.mod are apart, and so are two kinds of hash", () => {
  const archive = archiveOf([A, `x.y/m v1.0.0/go.mod ${h1("mod")}\nx.y/m v1.0.0 h2:QUJD\n`]);
  expect(findChanges(archive, B, parseGoSum(line("x.y/m", "v1.0.0", "zip")))).toEqual([]);
  expect(findChanges(archive, B, parseGoSum("x.y/m v1.0.0 h2:REVG\n"))).toHaveLength(1);
  expect(findChanges(archive, B, parseGoSum(`x.y/m v1.0.0/go.mod ${h1("new")}\n`))[0]?.kind).toBe("mod");
});

test("what is the same, or new, is no change", () => {
  const archive = archiveOf([A, line("x.y/m", "v1.0.0")]);
  expect(findChanges(archive, B, parseGoSum(line("x.y/m", "v1.0.0") + line("x.y/n", "v1.0.0")))).toEqual([]);
});

test("ten thousand lines in any order: every change is found, and nothing else", () => {
  const pick = random(3);
  const all = Array.from({ length: 10_000 }, (_, index) => [`example.com/m${index}`, "v1.2.3"] as const);
  const archive = archiveOf([A, all.map(([module, version]) => line(module, version)).join("")]);
  const moved = new Set(Array.from({ length: 20 }, () => pick(all.length)));
  const now = all.map(([module, version], index) => line(module, version, moved.has(index) ? "moved" : undefined));
  const found = findChanges(archive, B, parseGoSum(shuffled(now, pick).join("")));
  expect(new Set(found.map(({ module }) => module))).toEqual(
    new Set([...moved].map((index) => `example.com/m${index}`)),
  );
  expect(found).toHaveLength(moved.size);
});

describe("find", () => {
  const text = ["v1.10.0", "v1.9.0", "v2.0.0+incompatible", "v1.9.0-rc.1"].map((version) =>
    line("g.com/a/yaml", version),
  );
  const archive = archiveOf(
    [A, text.join("") + line("g.com/a/yamlfmt", "v0.1.0")],
    [B, line("g.com/a/yaml", "v1.9.0", "x")],
  );
  const found = (query: string) => findModules(archive, query).map(({ module, version }) => `${module}@${version}`);

  test.each([
    ["g.com/a/yaml@v1.10.0", ["g.com/a/yaml@v1.10.0"]],
    ["g.com/a/yamlf", ["g.com/a/yamlfmt@v0.1.0"]],
    ["g.com/a/yaml@v2", ["g.com/a/yaml@v2.0.0+incompatible"]],
    ["*/yaml*@v0.?.0", ["g.com/a/yamlfmt@v0.1.0"]],
    ["*@v1.9.0-*", ["g.com/a/yaml@v1.9.0-rc.1"]],
    ["yaml", []],
    ["g.com/a/yaml@v9", []],
    ["g.com/[a]/yaml", []],
    [".*", []],
  ])("%s", (query, expected) => expect(found(query)).toEqual(expected));

  test("versions in their order, the name alone before its beginnings, and changes marked", () => {
    expect(findModules(archive, "g.com/a/yaml").map(({ version, changed }) => [version, changed])).toEqual([
      ["v1.9.0-rc.1", false],
      ["v1.9.0", false],
      ["v1.9.0", true],
      ["v1.10.0", false],
      ["v2.0.0+incompatible", false],
    ]);
    expect(found("g.com/a/").length).toBe(6);
    expect(findModules(archive, "g.com/a/yaml@v1.9.0")[1]).toMatchObject({
      firstProject: "/src/b",
      projects: ["/src/b"],
    });
  });

  test("a glob of many stars ends", () => {
    expect(globMatches(`${"*a".repeat(40)}b`, "a".repeat(400))).toBe(false);
    expect(globMatches("a*b?c*", "aXXbbYc")).toBe(true);
    expect(globMatches("a?", "a")).toBe(false);
  });

  test("version order is total", () => {
    const versions = [
      "v0.0.1",
      "v0.0.0-2024-x",
      "v1.0.0-alpha",
      "v1.0.0-alpha.2",
      "v1.0.0",
      "v1.0.0+incompatible",
      "v10.0.0",
    ];
    for (const a of versions) {
      for (const b of versions) expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0);
    }
  });
});
