import { leavesOf, untouched, type Values } from "../../../domain/files/format.ts";
import { iniFormat } from "../../../domain/files/ini.ts";
import { iniProblem } from "../../../domain/files/ini-lines.ts";

const wsl = iniFormat("wsl");
const merge = (text: string, values: Values, format = wsl) => format.merge(text, leavesOf(values), untouched);

const memory = { wsl2: { memory: "8GB" } };

test.each<[string, string, Values, string]>([
  ["an empty file", "", memory, "[wsl2]\nmemory=8GB\n"],
  ["a changed value, with its comment", "[wsl2]\nmemory = 4GB # was 2\n", memory, "[wsl2]\nmemory = 8GB # was 2\n"],
  ["the file's spelling", "[WSL2]\n  Memory=4GB\n", memory, "[WSL2]\n  Memory=8GB\n"],
  ["line ends of the file", "[wsl2]\r\nswap=0\r\n", memory, "[wsl2]\r\nswap=0\r\nmemory=8GB\r\n"],
  ["no final newline", "[wsl2]\nswap=0", memory, "[wsl2]\nswap=0\nmemory=8GB"],
  ["mixed line ends", "[wsl2]\r\nswap=0\n[boot]\r\n", memory, "[wsl2]\r\nswap=0\nmemory=8GB\n[boot]\r\n"],
  [
    "before the comment of the next section",
    "[wsl2]\nswap = 0\n\n# about boot\n[boot]\n",
    memory,
    "[wsl2]\nswap = 0\nmemory = 8GB\n\n# about boot\n[boot]\n",
  ],
  ["a section without keys", "[wsl2]\n# none yet\n", memory, "[wsl2]\nmemory=8GB\n# none yet\n"],
  ["a new section", "[boot]\nsystemd=true\n", memory, "[boot]\nsystemd=true\n\n[wsl2]\nmemory=8GB\n"],
  ["each place of a key", "[wsl2]\nmemory=1\n[wsl2]\nmemory=2\n", memory, "[wsl2]\nmemory=8GB\n[wsl2]\nmemory=8GB\n"],
  ["a key in another section", "[boot]\nmemory=1\n", memory, "[boot]\nmemory=1\n\n[wsl2]\nmemory=8GB\n"],
  ["what is wanted already", '[wsl2]\nmemory="8GB"\n', memory, '[wsl2]\nmemory="8GB"\n'],
  ["true in another case", "[boot]\nsystemd=TRUE\n", { boot: { systemd: true } }, "[boot]\nsystemd=TRUE\n"],
  ["a number", "[wsl2]\nprocessors=2\n", { wsl2: { processors: 4 } }, "[wsl2]\nprocessors=4\n"],
  ["a continued value", "[wsl2]\nmemory=a \\\n  b\nswap=0\n", memory, "[wsl2]\nmemory=8GB\nswap=0\n"],
  ["a header that is not closed", "[wsl2\nmemory=1\n", memory, "[wsl2\nmemory=1\n\n[wsl2]\nmemory=8GB\n"],
  [
    "commented keys",
    "[wsl2]\n#memory=1\n;memory=2\nswap=0\n",
    memory,
    "[wsl2]\n#memory=1\n;memory=2\nswap=0\nmemory=8GB\n",
  ],
  ["keys without a section", "a=1\n[b]\n", { "": { c: "2" } }, "a=1\nc=2\n[b]\n"],
  ["a `;` that is part of a value", "[boot]\ncommand=a ; b\n", { boot: { command: "c" } }, "[boot]\ncommand=c\n"],
])("%s", (_name, before, values, after) => {
  const merged = merge(before, values);
  expect(merged.text).toBe(after);
  const paths = leavesOf(values).map(({ path }) => path);
  expect(wsl.undo(merged.text, merged.touch, paths)).toEqual({ text: before, touch: untouched, left: [] });
});

test("outside of WSL a `;` behind a space begins a comment, and a `#` in a value does not", () => {
  const common = iniFormat("common");
  expect(merge("[a]\nb=1 ; why\nc=x#y\n", { a: { b: "2", c: "z" } }, common).text).toBe("[a]\nb=2 ; why\nc=z\n");
});

describe("after a person's edits", () => {
  const paths = [["wsl2", "memory"]];

  test("undo takes out our key alone", () => {
    const merged = merge("[boot]\nsystemd=true\n", memory);
    const edited = `# mine\n${merged.text}swap=0\n[new]\nx=1\n`;
    expect(wsl.undo(edited, merged.touch, paths).text).toBe(
      "# mine\n[boot]\nsystemd=true\n\n[wsl2]\nswap=0\n[new]\nx=1\n",
    );
  });

  test("a value that is not ours is theirs", () => {
    const merged = merge("[wsl2]\nmemory=4GB\n", memory);
    const undone = wsl.undo("[wsl2]\nmemory=16GB\n", merged.touch, paths);
    expect(undone.text).toBe("[wsl2]\nmemory=16GB\n");
    expect(undone.left).toEqual(paths);
  });

  test("spaces and comments that they put around our value stay around the earlier one", () => {
    const merged = merge("[wsl2]\nmemory=4GB\n", memory);
    expect(wsl.undo("[wsl2]\n  memory = 8GB # enough\n", merged.touch, paths).text).toBe(
      "[wsl2]\n  memory = 4GB # enough\n",
    );
  });

  test("what we wrote in an earlier run counts as ours", () => {
    const first = merge("", memory);
    const second = wsl.merge(first.text, leavesOf({ wsl2: { memory: "9GB" } }), first.touch);
    expect(wsl.undo(first.text, second.touch, paths).text).toBe("");
  });
});

test("a line that would take in ours is refused", () => {
  expect(() => merge("a=1\\\n", memory)).toThrow("its last line ends in a backslash");
});

test.each([
  ["wsl2", "memory", "8GB", undefined],
  ["wsl2", "memory", '"a # b"', undefined],
  ["boot", "command", "a ; b", undefined],
  ["wsl2", "kernel", "C:\\\\dir\\\\kernel", undefined],
  ["wsl2", "kernel", "C:\\dir\\", "backslash"],
  ["wsl2", "memory", "8GB # much", "comment"],
  ["wsl2", "memory", " 8GB", "spaces"],
  ["wsl2", "memory", "", "two double quotes"],
  ["wsl2", "memory", 'a"b', "quotes"],
  ["wsl2", "memory", "a\nb", "one line"],
  ["wsl2", "a=b", "1", "a key cannot"],
  ["wsl2", "#a", "1", "a key cannot"],
  ["wsl2", "", "1", "a key cannot"],
  ["ws]l2", "a", "1", "a section name cannot"],
  [" wsl2", "a", "1", "a section name cannot"],
])("[%s] %s=%s", (section, key, value, problem) => {
  const found = iniProblem(section, key, value, "wsl");
  if (problem === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(problem);
});

test("import reads every key once, the first of two as WSL does", () => {
  expect(wsl.all("top=1\n[a]\nb = 1 # x\n[A]\nB=2\nc=3\n[broken\nd=4\n")).toEqual({
    "": { top: "1" },
    a: { b: "1", c: "3" },
  });
});
