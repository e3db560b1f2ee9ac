import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSettings, parseStackFile, readStackFile, SettingsError } from "../../config/load.ts";
import { parseConfig } from "../../config/program.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gows-stack-file-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const WRONG = `config:
  docker:host: unix:///x
  go-workstation:go:
    versions:
      - 1.22.6
      - nine
  go-workstation:projects:
    - path: hello
      ports: [{ container: 1, host: 0 }]
    - name: nowhere
`;

function failure(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  throw new Error("nothing was wrong");
}

test("each message names the line of its key, or of the nearest above that is there", () => {
  const { raw, source } = parseStackFile(WRONG, "Pulumi.x.yaml");
  const lines = failure(() => parseSettings(raw, source)).split("\n");
  expect(lines.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
    "Pulumi.x.yaml:6: go-workstation:go.versions[1]:",
    "Pulumi.x.yaml:9: go-workstation:projects[0].ports[0].host:",
    "Pulumi.x.yaml:10: go-workstation:projects[1].path:",
  ]);
});

test("the program finds the lines too, by reading the file when something is wrong", async () => {
  const file = join(folder, "Pulumi.x.yaml");
  writeFileSync(file, WRONG);
  const config = { "go-workstation:go": '{"versions":["1.22.6","nine"]}' };
  await expect(parseConfig(config, file)).rejects.toThrow("Pulumi.x.yaml:6: go-workstation:go.versions[1]");
});

test.each([
  ["an empty file", "", "P.yaml: is empty"],
  ["only comments", "# nothing\n", "P.yaml: is empty"],
  ["a list", "- a\n", 'P.yaml:1: must be a group of keys such as "config:", not a list'],
  ["a word", "hello\n", 'P.yaml:1: must be a group of keys such as "config:", not a single value'],
  ["a tab", "config:\n\tgo: 1\n", "P.yaml:2: is not valid YAML: indent with spaces, not with tabs"],
  ["a key twice", "config:\n  a: 1\n  a: 2\n", "P.yaml:3: is not valid YAML: Map keys must be unique"],
  ["broken YAML", "config:\n  a: [1\n", "is not valid YAML"],
  ["config as a list", "config:\n  - a\n", "config: must be a group of keys"],
])("%s gives one clear message", (_name, text, expected) => {
  const message = failure(() => parseStackFile(text, "P.yaml"));
  expect(message).toContain(expected);
  expect(message.split("\n")).toHaveLength(1);
});

test("a file that is not there is named", () => {
  expect(failure(() => readStackFile(join(folder, "Pulumi.gone.yaml")))).toContain(
    "Pulumi.gone.yaml: cannot be read: ENOENT",
  );
});

test("the team's default is right", () => {
  const { raw, source } = readStackFile(join(__dirname, "../../Pulumi.dev.yaml"));
  const settings = parseSettings(raw, source);
  expect(settings.projects.map(({ path }) => path)).toEqual(["examples/hello"]);
  expect(settings.go.versions).toEqual(["1.22.6"]);
  expect(settings.smokeTest).toEqual({ enabled: true, project: "hello" });
  // The first `up` decides where the base image comes from; a default here would take that away.
  expect(raw).not.toHaveProperty("image");
});
