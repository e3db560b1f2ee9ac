/** What another stack reads of this one: the page's program against the outputs that index.ts really has. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { folder, machine } from "../domain/machine.ts";

const child = (script: string, input: object): Record<string, unknown> => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(__dirname, script)], {
    cwd: join(__dirname, "../.."),
    input: JSON.stringify(input),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
};

const page = readFileSync(join(__dirname, "../../docs/exports.md"), "utf8");
const program = /^```ts\n(.*?)^```$/ms.exec(page)?.[1] ?? "";

test("projects, image and tools", () => {
  const config = {
    "go-workstation:projects": JSON.stringify([{ path: "/src/hello" }, { path: "/src/shop", name: "web" }]),
  };
  const facts = machine([folder("/src/hello", { digest: "d1" }), folder("/src/shop")]);
  const { outputs } = child("run-program.ts", { facts, config });
  const { read, references } = child("run-reference.ts", { program, outputs });
  expect(references).toEqual(["organization/go-workstation/jane"]);
  expect(read).toEqual({
    containers: ["gows-dev-hello", "gows-dev-web"],
    devImage: expect.stringMatching(/^\S+:\S+$/),
    gopls: ["v0.16.2"],
  });
});

test("an output that is not there is an error that names it", () => {
  expect(() => child("run-reference.ts", { program, outputs: { projects: {}, image: {} } })).toThrow(/tools/);
});
