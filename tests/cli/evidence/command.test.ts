/** What `evidence` refuses before it asks anybody anything. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./standin.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gows-evidence-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  [[], /required option '--out <file>' not specified/],
  [["--out", "F"], /no SSH key in ~\/.ssh to sign with.*--key.*--unsigned/],
  [["--out", "F", "--key", "k", "--unsigned"], /--key and --unsigned: only one/],
  [["--out", "F", "--key", "k"], /--key k: there is no such file/],
  [["--out", "F", "--unsigned", "--stack", "never-made"], /Pulumi.never-made.yaml/],
])("evidence %j", (args, message) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "cli/main.ts"), "evidence", ...args], {
    cwd: folder,
    env: { PATH: "/nowhere", HOME: folder, DOCKER_HOST: `unix://${folder}/no.sock` },
    encoding: "utf8",
  });
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(message);
});
