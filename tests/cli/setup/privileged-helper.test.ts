/** The whole way of an ordinary user's file: sudo (a stand-in), the real helper, the provider's own handler. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { findProgram } from "../../../cli/setup/packages.ts";
import { ensurePrivilegedHelper } from "../../../cli/setup/privileged-build.ts";

const USER = 23456;
const repository = path.join(__dirname, "../../..");
const fixture = path.join(repository, "tests/cli/fixtures/privileged-run.ts");
// A set-uid copy of setpriv takes root to make.
const asRoot = process.getuid?.() === 0 ? test : test.skip;

let cache: string;
let program: string;
let root: string;

beforeAll(async () => {
  cache = mkdtempSync(path.join(os.tmpdir(), "privileged-cache-"));
  chmodSync(cache, 0o755);
  program = await ensurePrivilegedHelper({ cacheDir: cache, env: process.env });
}, 120_000);
afterAll(() => rmSync(cache, { recursive: true, force: true }));

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), "privileged-root-"));
  chmodSync(root, 0o755);
  for (const folder of ["etc", "state", "tmp", "bin"]) mkdirSync(path.join(root, folder));
  for (const folder of ["state", "tmp"]) {
    if (process.getuid?.() === 0) chownSync(path.join(root, folder), USER, USER);
  }
  writeFileSync(path.join(root, "etc/wsl.conf"), "original\n", { mode: 0o640 });
  writeFileSync(path.join(root, "etc/passwd"), "root\n");
  writeFileSync(path.join(root, "log"), "");
  chmodSync(path.join(root, "log"), 0o666);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Story {
  lines: string[];
  without: string;
  refused?: string;
  environment?: Record<string, string>;
  file?: string;
  written?: string;
  stat?: { mode: number; uid: number };
  elsewhere?: string;
  givenBack?: string;
  after?: string;
}

function run(granted: string[], env: Record<string, string> = {}): Story {
  const setpriv = path.join(root, "bin/setpriv");
  copyFileSync(findProgram("setpriv", process.env) ?? "setpriv", setpriv);
  chmodSync(setpriv, 0o4755);
  if (env.NO_SUDO === undefined)
    copyFileSync(path.join(repository, "tests/standins/sudo"), path.join(root, "bin/sudo"));
  const result = spawnSync(process.execPath, [fixture, String(USER), program, root, JSON.stringify(granted)], {
    encoding: "utf8",
    timeout: 25_000,
    env: {
      PATH: env.NO_SUDO === undefined ? `${root}/bin:/usr/bin:/bin` : `${root}/bin`,
      HOME: "/nonexistent",
      TMPDIR: path.join(root, "tmp"),
      STANDIN_LOG: path.join(root, "log"),
      STANDIN_SETPRIV: setpriv,
      STANDIN_ROOT: root,
      ...env,
    },
  });
  if (result.status !== 0) throw new Error(`exit ${result.status}: ${result.stderr}`);
  return JSON.parse(result.stdout) as Story;
}

const sudoCalls = (): string[] => readFileSync(path.join(root, "log"), "utf8").split("\n").slice(0, -1);

asRoot("an ordinary user's run writes root's file and gives it back, and nothing of the helper is left", () => {
  const story = run(["/etc/wsl.conf"]);
  expect(story.without).toMatch(
    /^cannot (write|read) \/etc\/wsl\.conf: that needs root's rights\. Run `\.\/workstation up`/,
  );
  // 0640 and root's: only the helper can read it.
  expect(story.file).toBe("original\n");
  expect(story.stat).toMatchObject({ mode: 0o640, uid: 0 });
  expect(story.elsewhere).toMatch(
    /^cannot write \/etc\/passwd: this user may not, and neither does the privileged helper of this run/,
  );
  expect(readFileSync(path.join(root, "etc/wsl.conf"), "utf8")).toBe("original\n");
  expect(statSync(path.join(root, "etc/wsl.conf")).mode & 0o7777).toBe(0o640);
  expect(readFileSync(path.join(root, "etc/passwd"), "utf8")).toBe("root\n");
  // It is gone: its socket, its folder, and with them every way to it.
  expect(story.after).toMatch(/it has ended/);
  expect(existsSync(path.dirname(story.environment?.WORKSTATION_PRIVILEGED_SOCKET ?? "/"))).toBe(false);
  expect(readdirSync(path.join(root, "tmp"))).toEqual([]);
  expect(sudoCalls()).toHaveLength(1);
  expect(sudoCalls()[0]).toMatch(/^-n -- .*\/workstation-privileged serve --uid 23456 --gid 23456 --socket \//);
  expect(story.lines.join("")).toContain("Only root can write:\n  /etc/wsl.conf\n");
  const log = readFileSync(path.join(root, "state/privileged.log"), "utf8");
  expect(log).toMatch(/uid=23456 "write" "\/etc\/wsl\.conf" ok\n/);
  expect(log).toMatch(/"\/etc\/passwd" REFUSED/);
  expect(log).not.toContain("ours");
  expect(statSync(path.join(root, "state/privileged.log")).mode & 0o777).toBe(0o600);
});

asRoot("a file that everybody may read is read without root", () => {
  chmodSync(path.join(root, "etc/wsl.conf"), 0o644);
  const story = run(["/etc/wsl.conf"]);
  expect(story).toMatchObject({ written: "ours\n", givenBack: "original\n" });
  expect(readFileSync(path.join(root, "state/privileged.log"), "utf8")).not.toContain('"read"');
});

asRoot("nobody is asked for a run that needs nothing of root", () => {
  const story = run([]);
  expect(story.environment).toBeUndefined();
  expect(sudoCalls()).toEqual([]);
  expect(story.lines).toEqual([]);
});

asRoot("nobody to type a password: one message", () => {
  const story = run(["/etc/wsl.conf"], { STANDIN_SUDO_REFUSES: "1" });
  expect(story.refused).toBe(
    "Writing /etc/wsl.conf needs root's rights, and nobody can type sudo's password here. Run it as root.",
  );
  expect(readdirSync(path.join(root, "tmp"))).toEqual([]);
});

asRoot("no sudo: one message", () => {
  const story = run(["/etc/wsl.conf"], { NO_SUDO: "1" });
  expect(story.refused).toBe(
    "Writing /etc/wsl.conf needs root's rights, and there is no sudo here. Have an administrator do it.",
  );
});

asRoot("a helper that does not start says why", () => {
  const story = run(["/etc/shadow"]);
  expect(story.refused).toBe("Writing /etc/shadow: the privileged helper did not start.");
  expect(story.lines.join("")).toContain('the run asks for "/etc/shadow", which is not on the helper\'s list');
});

describe("the helper's program", () => {
  test("is built once, and again when its sources change", async () => {
    const before = statSync(program).ino;
    expect(await ensurePrivilegedHelper({ cacheDir: cache, env: process.env })).toBe(program);
    expect(statSync(program).ino).toBe(before);
    expect(statSync(program).mode & 0o022).toBe(0);
    const source = path.join(root, "source");
    mkdirSync(source);
    writeFileSync(path.join(source, "go.mod"), "module changed\n\ngo 1.22\n");
    writeFileSync(path.join(source, "main.go"), "package main\n\nfunc main() {}\n");
    const other = await ensurePrivilegedHelper({ cacheDir: cache, env: process.env, source });
    expect(other).not.toBe(program);
    writeFileSync(path.join(source, "main.go"), "package main\n\nfunc main() { broken }\n");
    await expect(ensurePrivilegedHelper({ cacheDir: cache, env: process.env, source })).rejects.toThrow(
      /^The privileged helper cannot be built:\n[\s\S]*broken/,
    );
    expect(readdirSync(path.join(cache, "privileged")).filter((name) => name.startsWith(".build-"))).toEqual([]);
  });

  test("needs a Go, and says so", async () => {
    const without = { PATH: path.join(root, "bin") };
    // One that was built before, here or where a bundle was made, is as good.
    expect(await ensurePrivilegedHelper({ cacheDir: cache, env: without })).toBe(program);
    const none = ensurePrivilegedHelper({ cacheDir: path.join(root, "empty"), env: without });
    await expect(none).rejects.toThrow(/there is no Go here\. Install Go 1\.22 or newer, or run this as root/);
    const goroot = path.join(root, "old");
    mkdirSync(path.join(goroot, "bin"), { recursive: true });
    writeFileSync(path.join(goroot, "bin/go"), "");
    writeFileSync(path.join(goroot, "VERSION"), "go1.20.1\n");
    const old = ensurePrivilegedHelper({ cacheDir: cache, env: { PATH: path.join(goroot, "bin") } });
    await expect(old).rejects.toThrow(/Go 1\.20\.1 \(.*\) is too old/);
  });
});
