import { mergeGoSums, parseGoSum } from "../../../domain/gosum/parse.ts";
import { h1, line, random, shuffled } from "./sums.ts";

const GOOD = [
  "github.com/BurntSushi/toml v1.4.0",
  "github.com/x/y v2.0.0+incompatible",
  "golang.org/x/mod v0.0.0-20240102030405-0123456789ab",
  "k8s.io/api v0.31.4-rc.1",
  "git.corp.example/team/lib/v3 v3.1.0",
  "gopkg.in/yaml.v3 v3.0.1",
];

test("module and go.mod lines, in any line ending, with blank lines and a byte order mark", () => {
  const text = GOOD.map((start) => `${start} ${h1(start)}\n${start}/go.mod ${h1(`${start}m`)}\n`).join("\n");
  for (const given of [
    text,
    text.replaceAll("\n", "\r\n"),
    `\ufeff${text}`,
    text.trimEnd(),
    text.replaceAll(" ", "\t"),
  ]) {
    const { sums, problems } = parseGoSum(given);
    expect(problems).toEqual([]);
    expect(sums.map(({ module, version }) => `${module} ${version}`)).toEqual(GOOD.flatMap((one) => [one, one]));
    expect(sums.map(({ kind }) => kind)).toEqual(GOOD.flatMap(() => ["zip", "mod"]));
  }
  expect(parseGoSum(text.replaceAll("\n", "\r\n")).sums[2]).toEqual({
    module: "github.com/x/y",
    version: "v2.0.0+incompatible",
    kind: "zip",
    hash: h1("github.com/x/y v2.0.0+incompatible"),
    line: 4,
  });
  expect(parseGoSum("")).toEqual({ sums: [], problems: [] });
});

test.each([
  ["<<<<<<< HEAD", /merge that was not finished/],
  ["=======", /merge that was not finished/],
  [">>>>>>> branch", /merge that was not finished/],
  ["example.com/a v1.0.0", /has 2 fields, not the three/],
  ["example.com/a", /has 1 field, not/],
  [`example.com/a v1.0.0 ${h1("a")} more`, /has 4 fields/],
  [`example.com//a v1.0.0 ${h1("a")}`, /"example.com\/\/a" is not a module path/],
  [`example.com/a 1.0.0 ${h1("a")}`, /"1.0.0" is not a version/],
  [`example.com/a v1.0 ${h1("a")}`, /"v1.0" is not a version/],
  [`example.com/a v1.0.0/go.sum ${h1("a")}`, /is not a version/],
  ["example.com/a v1.0.0 h1:abc=", /"h1:abc=" is not a hash/],
  ["example.com/a v1.0.0 sha256:abc", /is not a hash/],
  [`\u0000\u001b[31m\u2028 v1.0.0 ${h1("a")}`, /"\\u0000\\u001b\[31m/],
])("the line %j is told with its number, and the others count", (bad, message) => {
  const { sums, problems } = parseGoSum(`${line("a.b/c", "v1.0.0")}\n${bad}\n${line("a.b/d", "v1.0.0")}`);
  expect(sums.map(({ module }) => module)).toEqual(["a.b/c", "a.b/d"]);
  expect(problems).toEqual([{ line: 3, message: expect.stringMatching(message) }]);
});

test("a message is short and has nothing that a terminal obeys", () => {
  for (const bad of ["x".repeat(100_000), "\u001b]0;title\u0007", "a\u009bb", "\u2028\u2029 y z"]) {
    const [problem] = parseGoSum(bad).problems;
    expect(problem?.message.length).toBeLessThan(400);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(problem?.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
  }
});

test("a later kind of hash is kept", () => {
  expect(parseGoSum("example.com/a v1.0.0 h2:QUJD\n").sums).toHaveLength(1);
});

test("merged, the order of files and lines does not matter, and each line is there once", () => {
  const pick = random(7);
  const lines = Array.from({ length: 60 }, (_, index) => line(`example.com/m${index % 40}`, "v1.0.0"));
  const expected = mergeGoSums([parseGoSum(lines.join(""))]);
  expect(expected.split("\n")).toHaveLength(41);
  for (let round = 0; round < 50; round++) {
    const mixed = shuffled(lines, pick);
    const cut = pick(lines.length);
    const parts = [mixed.slice(0, cut), mixed.slice(cut), ["garbage\r\n"]];
    expect(mergeGoSums(parts.map((part) => parseGoSum(part.join(""))))).toBe(expected);
  }
  expect(parseGoSum(expected).problems).toEqual([]);
});

test("garbage of any kind never throws and never counts as a sum", () => {
  const pick = random(11);
  for (let round = 0; round < 500; round++) {
    const bytes = Buffer.from(Array.from({ length: pick(200) }, () => pick(256)));
    const { sums, problems } = parseGoSum(bytes.toString("utf8"));
    expect(sums).toEqual([]);
    expect(problems.every(({ line: number }) => number >= 1)).toBe(true);
  }
});
