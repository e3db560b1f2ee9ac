import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readGit } from "../../../cli/evidence/versions.ts";

let folder: string;
const nothing = { commit: null, dirty: null };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gows-versions-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", folder, "-c", "user.name=x", "-c", "user.email=x@example.com", ...args], {
      encoding: "utf8",
    }).trim();
  git("init", "--quiet");
  writeFileSync(join(folder, "file"), "1");
  git("add", ".");
  git("commit", "--quiet", "--no-gpg-sign", "-m", "one");
  return git("rev-parse", "HEAD");
}

test("a checkout has a commit, and says whether there is more than that", async () => {
  const made = commit();
  expect(await readGit(folder, process.env)).toEqual({ commit: made, dirty: false });
  writeFileSync(join(folder, "file"), "2");
  expect(await readGit(folder, process.env)).toEqual({ commit: made, dirty: true });
});

test("a folder without git has none", async () => {
  expect(await readGit(folder, { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() })).toEqual(nothing);
});

test("neither has one inside of somebody else's repository", async () => {
  commit();
  mkdirSync(join(folder, "inside"));
  expect(await readGit(join(folder, "inside"), process.env)).toEqual(nothing);
});

test("nor a machine without git", async () => {
  commit();
  expect(await readGit(folder, { PATH: join(folder, "nowhere") })).toEqual(nothing);
});
