import { leavesOf, untouched, type Values } from "../../../domain/files/format.ts";
import { jsonFormat } from "../../../domain/files/json.ts";

const json = jsonFormat("json");
const jsonc = jsonFormat("jsonc");
const merge = (text: string, values: Values, format = jsonc) => format.merge(text, leavesOf(values), untouched);

const debug = { debug: true };

test.each<[string, string, Values, string]>([
  ["an empty file", "", debug, '{\n  "debug": true\n}\n'],
  ["white space alone", "\r\n", debug, '\r\n{\r\n  "debug": true\r\n}\r\n'],
  ["comments alone", "// mine", debug, '// mine\n{\n  "debug": true\n}\n'],
  ["an empty object", "{}\n", debug, '{\n  "debug": true\n}\n'],
  ["four spaces", '{\n    "a": 1\n}\n', { b: { c: 2 } }, '{\n    "a": 1,\n    "b": {\n        "c": 2\n    }\n}\n'],
  ["tabs and CRLF", '{\r\n\t"a": 1\r\n}', debug, '{\r\n\t"a": 1,\r\n\t"debug": true\r\n}'],
  ["a compact file", '{"a":1}', { b: [1, 2] }, '{"a":1,"b":[1,2]}'],
  ["a file in one line", '{ "a": 1 }', { b: { c: [1] } }, '{ "a": 1, "b": { "c": [1] } }'],
  ["a comment behind the last value", '{\n  "a": 1 // one\n}\n', debug, '{\n  "a": 1, // one\n  "debug": true\n}\n'],
  ["a comma behind the last value", '{\n  "a": 1, // one\n}\n', debug, '{\n  "a": 1, // one\n  "debug": true,\n}\n'],
  [
    "a comment under the last value",
    '{\n  "a": 1\n  // end\n}\n',
    debug,
    '{\n  "a": 1,\n  "debug": true\n  // end\n}\n',
  ],
  ["an object with a comment alone", "{\n  // none\n}\n", debug, '{\n  // none\n  "debug": true\n}\n'],
  ["another value", '{"debug" : false /* no */}', debug, '{"debug" : true /* no */}'],
  ["the same value, spelled otherwise", '{"a": [ 1,2 ]}', { a: [1, 2] }, '{"a": [ 1,2 ]}'],
  ["an inner object", '{\n  "a": {}\n}\n', { a: { b: 1 } }, '{\n  "a": {\n    "b": 1\n  }\n}\n'],
  ["names with signs", '{\n  "a.b": 1\n}\n', { "a.b": 2, "c/d": 3 }, '{\n  "a.b": 2,\n  "c/d": 3\n}\n'],
])("%s", (_name, before, values, after) => {
  const merged = merge(before, values);
  expect(merged.text).toBe(after);
  const paths = leavesOf(values).map(({ path }) => path);
  expect(jsonc.undo(merged.text, merged.touch, paths)).toEqual({ text: before, touch: untouched, left: [] });
});

test.each([
  ['{"debug": 1, "debug": 2}', '"debug" stands there twice (lines 1 and 1)'],
  ["[1]", "it holds an array"],
  ['"text"', "it holds a string"],
  ['{"log-opts": [1]}', '"log-opts" is an array, not an object, so it cannot hold "max-size"'],
  ['{\n  "a": 1\n  "b": 2\n}', "line 3 is not valid JSON (a comma is missing)"],
  ['{"a": 1', "a closing brace is missing"],
  ["{} x", "line 1 is not valid JSON"],
])("%s is refused", (text, reason) => {
  expect(() => merge(text, { debug: true, "log-opts": { "max-size": "1m" } })).toThrow(reason);
});

test("strict JSON names comments and commas that it does not know, even when nothing has to change", () => {
  expect(() => merge('{\n  // on\n  "debug": true\n}', debug, json)).toThrow("line 2 has a comment");
  expect(() => merge('{\n  "debug": true,\n}', debug, json)).toThrow("a comma after the last item");
});

describe("after a person's edits", () => {
  const undo = (before: string, values: Values, edit: (text: string) => string) => {
    const merged = merge(before, values);
    const paths = leavesOf(values).map(({ path }) => path);
    return jsonc.undo(edit(merged.text), merged.touch, paths);
  };

  test("keys before and behind ours stay", () => {
    const { text } = undo('{\n  "a": 1\n}\n', debug, (now) => now.replace("true\n", 'true,\n  "z": 9\n'));
    expect(text).toBe('{\n  "a": 1,\n  "z": 9\n}\n');
  });

  test("a comment beside ours stays, and does not run into another", () => {
    const { text } = undo('{\n  "a": 1 // one\n}\n', debug, (now) => now.replace("true", "true /* why\n not */"));
    expect(jsonc.read(text, [{ path: ["a"], value: 1 }])).toHaveLength(1);
    expect(text).toContain("/* why\n not */");
  });

  test("an object of ours that they use stays with what is theirs", () => {
    const { text } = undo("{}", { a: { b: 1 } }, (now) => now.replace('"b": 1', '"b": 1, "c": 2'));
    expect(JSON.parse(text)).toEqual({ a: { c: 2 } });
  });

  test("another value of our key is theirs", () => {
    const { text, left } = undo('{"debug": 0}', debug, () => '{"debug": "theirs"}');
    expect(text).toBe('{"debug": "theirs"}');
    expect(left).toEqual([["debug"]]);
  });

  test("laid out anew by a formatter: our key goes all the same", () => {
    const { text } = undo('{"a":1}', { a: 2, b: { c: 3 } }, (now) => JSON.stringify(JSON.parse(now), null, 8));
    expect(JSON.parse(text)).toEqual({ a: 1 });
  });
});
