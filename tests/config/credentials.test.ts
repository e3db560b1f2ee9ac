import { describe, expect, it } from "@jest/globals";
import { credentialNameProblem } from "../../config/credentials.ts";
import { SettingsError } from "../../config/errors.ts";
import { stackFileSchema } from "../../config/json-schema.ts";
import { parseSettings } from "../../config/parse.ts";
import { parseStackFile } from "../../config/stack-file.ts";

const SECRET = "hunter2-glpat-XYZ";

/** The message with which a text is refused, read as the command line reads a stack file. */
function refusal(text: string): string {
  try {
    const { raw, source } = parseStackFile(text, "Pulumi.me.yaml");
    parseSettings(raw, source);
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  throw new Error(`was not refused: ${text}`);
}

const below = (lines: string): string => `config:\n  go-workstation:credentials:${lines}\n`;

describe("credentials", () => {
  it("are a group of hosts with ciphertext in a file, and plain texts from the engine", () => {
    const { raw, source } = parseStackFile(below("\n    git.corp.example:2222:\n      secure: v1:abc"), "f");
    expect(parseSettings(raw, source).credentials).toEqual({ "git.corp.example:2222": { secure: "v1:abc" } });
    const fromEngine = parseSettings({ credentials: JSON.stringify({ s3: "a", "git.x:22": "-----BEGIN\nb" }) });
    expect(fromEngine.credentials).toEqual({ s3: "a", "git.x:22": "-----BEGIN\nb" });
    expect(parseSettings({}).credentials).toEqual({});
  });

  it("in the clear are refused with the key and its line, and without the value", () => {
    const message = refusal(below(`\n    s3: {secure: "v1:x"}\n    git.corp.example: ${SECRET}\n    git2: 12345678`));
    expect(message.split("\n")).toEqual([
      expect.stringMatching(
        /^Pulumi\.me\.yaml:4: go-workstation:credentials\["git\.corp\.example"\]: stands here in the clear/,
      ),
      expect.stringContaining("credential set git2`"),
    ]);
    expect(message).not.toContain("12345678");
  });

  it.each([
    ["all of it", ` ${SECRET}`],
    ["JSON text", ` '{"git.x": "${SECRET}'`],
    ["a value", `\n    git.x: ${SECRET}`],
    ["a list", `\n    - ${SECRET}`],
    ["a list of a host", `\n    git.x: [${SECRET}]`],
    ["a name", `\n    ${SECRET}: {secure: a}`],
    ["a name with a password", `\n    "https://u:${SECRET}@git.x": {secure: a}`],
    ["a key below a host", `\n    git.x: {${SECRET}: a}`],
    ["a value below a host", `\n    git.x: {secure: a, password: ${SECRET}}`],
    ["a list in secure", `\n    git.x: {secure: [${SECRET}]}`],
    ["a text that begins with a star", `\n    git.x: *${SECRET}`],
    ["one secret for everything", `\n    secure: ${SECRET}`],
    ["a broken quote", `\n    git.x: "${SECRET}`],
    ["a tab", `\n\tgit.x: ${SECRET}`],
    ["a repeated host", `\n    git.x: {secure: ${SECRET}}\n    git.x: ${SECRET}`],
    ["a nested mapping on one line", `\n    git.x: a: ${SECRET}`],
    ["a reserved character", `\n    git.x: @${SECRET}`],
  ])("never appear in a message: %s", (_, lines) => {
    const message = refusal(below(lines));
    expect(message).not.toContain(SECRET);
    expect(message).toMatch(/^Pulumi\.me\.yaml/);
  });

  it("from the engine never appear either", () => {
    for (const value of [`{"git.x": "${SECRET}"`, `["${SECRET}"]`, SECRET, `{"git.x": {"a": "${SECRET}"}}`]) {
      let message = "";
      try {
        parseSettings({ credentials: value });
      } catch (error) {
        message = String(error);
      }
      expect(message).toContain("go-workstation:credentials");
      expect(message).not.toContain(SECRET);
    }
  });

  it.each([
    ["git.corp.example", undefined],
    ["git.corp.example:2222", undefined],
    ["git", undefined],
    ["10.0.0.7:443", undefined],
    ["s3", undefined],
    ["redis", undefined],
    ["https://git.x", /without a scheme/],
    ["git.x/path", /must be a host/],
    ["me@git.x", /without a user/],
    ["Git.X", /lower case/],
    ["git.x:", /must be a host/],
    ["git.x:0", /must be a host/],
    ["git.x:65536", /last port/],
    ["-git.x", /must be a host/],
    ["git..x", /must be a host/],
    ["", /must be a host/],
    ['a"]', /must be a host/],
    ["secure", /each host/],
  ])("name %j", (name, problem) => {
    if (problem === undefined) expect(credentialNameProblem(name)).toBeUndefined();
    else expect(credentialNameProblem(name)).toMatch(problem);
  });

  it("in the clear are marked by an editor", () => {
    const text = JSON.stringify(stackFileSchema());
    expect(text).toContain('"anyOf":[{"type":"object","properties":{"secure"');
    expect(text).toContain('{"not":{}}');
  });
});
