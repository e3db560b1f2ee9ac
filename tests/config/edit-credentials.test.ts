import { addEngineKeys, engineKeys, removeCredential, setCredential } from "../../config/edit-credentials.ts";
import { parseStackFile } from "../../config/stack-file.ts";

const CT = "v1:abc+/=:def==";
const read = (text: string): unknown => parseStackFile(text, "f").raw.credentials;
const head = "# mine\nconfig:\n    # four spaces\n\n    go-workstation:go: {versions:   [ 1.22.6 ]} # flow\n";

test.each([
  ["no section", head],
  ["a section without a value", `${head}    go-workstation:credentials: # mine\n# end\n`],
  ["an empty group", `${head}    go-workstation:credentials: {} # mine\n`],
  ["a group in braces", `${head}    go-workstation:credentials: { s3: { secure: v1:x } }\n`],
  ["a group with a comma at its end", `${head}    go-workstation:credentials: { s3: { secure: v1:x }, }\n`],
  [
    "a group",
    `${head}    go-workstation:credentials:\n      # of s3\n      s3:\n          secure: v1:x # old\n    # end\n`,
  ],
  ["no config", "encryptionsalt: v1:x\n"],
  ["CRLF", `config:\r\n  go-workstation:go: {}\r\n`],
  ["no newline at the end", "config:\n  go-workstation:go: {}"],
])("into %s: everything else stays, and taking it out gives it back", (_, text) => {
  const before = (parseStackFile(text, "f").raw.credentials ?? {}) as object;
  const set = setCredential(text, "f", "git.corp.example:2222", CT);
  expect(read(set)).toEqual({ ...before, "git.corp.example:2222": { secure: CT } });
  const again = setCredential(set, "f", "git.corp.example:2222", "v1:new");
  expect(read(again)).toEqual({ ...before, "git.corp.example:2222": { secure: "v1:new" } });
  for (const line of text.split("\n")) {
    if (line.includes("#") && !line.includes("credentials")) expect(again).toContain(line);
  }
  const [untouched = ""] = text.split(/credentials|config/);
  expect(again.startsWith(untouched)).toBe(true);
  expect(read(removeCredential(again, "f", "git.corp.example:2222"))).toEqual(before);
});

test("in place of a secret in the clear, or of anything else that is wrong", () => {
  for (const wrong of [
    "hunter2",
    "[hunter2]",
    "{ secure: v1:x, password: hunter2 }",
    "",
    "|\n        hunter2\n        more",
  ]) {
    const text = `${head}    go-workstation:credentials:\n      git.x: ${wrong}\n      s3: { secure: v1:x }\n    # end\n`;
    const set = setCredential(text, "f", "git.x", CT);
    expect(read(set)).toEqual({ s3: { secure: "v1:x" }, "git.x": { secure: CT } });
    expect(set).not.toContain("hunter2");
    expect(set).toContain("    # end\n");
  }
});

test("a host that looks like a number, and ciphertext of any provider", () => {
  const set = setCredential("config:\n", "f", "10", "AQICAHi: #x");
  expect(read(set)).toEqual({ "10": { secure: "AQICAHi: #x" } });
  expect(read(removeCredential(set, "f", "10"))).toEqual({});
});

test("what is not there cannot be taken out, and the name is not repeated", () => {
  expect(() => removeCredential(head, "f", "glpat-secret")).toThrow(/f: go-workstation:credentials: has no such entry/);
  expect(() => removeCredential(head, "f", "glpat-secret")).not.toThrow(/glpat/);
});

test("the engine's keys are added where they are missing and never changed", () => {
  const added = addEngineKeys(head, "f", { encryptionsalt: "v1:a=:b", secretsprovider: "awskms://x" });
  expect(added.startsWith(head)).toBe(true);
  expect(engineKeys(added, "f")).toEqual({ encryptionsalt: "v1:a=:b", secretsprovider: "awskms://x" });
  expect(addEngineKeys(added, "f", { encryptionsalt: "other" })).toBe(added);
});
