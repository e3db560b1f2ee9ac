import { blockFormat } from "../../../domain/files/block.ts";
import { untouched } from "../../../domain/files/format.ts";

const format = blockFormat("#");
const wanted = (value: string) => [{ path: ["go"], value }];
const block = "# >>> go-workstation go >>>\nexport A=1\n# <<< go-workstation go <<<";

test.each([
  ["an empty file", "", `${block}\n`],
  ["a file without final newline", "x", `x\n${block}`],
  ["CRLF", "x\r\n", `x\r\n${block.replaceAll("\n", "\r\n")}\r\n`],
  ["an older block", `a\n${block.replace("A=1", "B=2")}\nz\n`, `a\n${block}\nz\n`],
  ["another block", "# >>> go-workstation other >>>\n", `# >>> go-workstation other >>>\n${block}\n`],
])("%s", (_name, before, after) => {
  const merged = format.merge(before, wanted("export A=1"), untouched);
  expect(merged.text).toBe(after);
  expect(format.read(after, wanted(""))).toEqual(wanted("export A=1\n"));
  expect(format.undo(merged.text, merged.touch, [["go"]]).text).toBe(before);
});

test.each([
  ["no end", "a\n# >>> go-workstation go >>>\n", "begins in line 2 and ends nowhere"],
  ["no begin", "# <<< go-workstation go <<<\n", "begins nowhere and ends in line 1"],
  ["two", `${block}\n${block}\n`, "begins in line 1, 4 and ends in line 3, 6"],
  [
    "the wrong way round",
    "# <<< go-workstation go <<<\n# >>> go-workstation go >>>\n",
    "begins in line 2 and ends in line 1",
  ],
])("%s is refused with its lines", (_name, text, reason) => {
  expect(() => format.merge(text, wanted("x"), untouched)).toThrow(reason);
});

test("lines that a person put into the block stay when it goes", () => {
  const merged = format.merge("top\n", wanted("ours\n"), untouched);
  const undone = format.undo(merged.text.replace("ours\n", "ours\ntheirs\n"), merged.touch, [["go"]]);
  expect(undone).toMatchObject({ text: "top\ntheirs\n", left: [["go"]] });
});
