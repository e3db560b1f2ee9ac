/** The real command line, in a checkout of its own that has no workstation. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyCheckout } from "./checkout.ts";

const _repository = join(__dirname, "..", "..");
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gows-commands-"));
  copyCheckout(folder);
  mkdirSync(join(folder, "project"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function workstation(...args: string[]) {
  const env = {
    ...process.env,
    WORKSTATION_STATE_DIR: join(folder, "state"),
    PULUMI_HOME: join(folder, "home"),
    DOCKER_HOST: `unix://${folder}/no.sock`,
    NO_COLOR: "1",
  };
  delete (env as NodeJS.ProcessEnv).PULUMI_STACK;
  return spawnSync(process.execPath, [join(folder, "cli/main.ts"), ...args], { env, encoding: "utf8", input: "" });
}

test("help is success and names every command", () => {
  const help = workstation("--help");
  expect(help.status).toBe(0);
  const commands =
    "up test drift policy evidence verify doctor shell exec logs project gosum credential export import stop start destroy uninstall env completion".split(
      " ",
    );
  for (const command of commands) expect(help.stdout).toMatch(new RegExp(`^ {2}${command}\\b`, "m"));
  expect(workstation("drift", "--help").stdout).toContain("--stack <name>");
});

test.each([
  [["upp"], /unknown command 'upp'.*did you mean up/is],
  [["up", "--fast"], /unknown option '--fast'/],
  [["shell"], /missing required argument 'project'/],
  [["logs", "--tail", "many"], /"many" is not a whole number/],
  [["drift", "--stack", "dev"], /--stack: "dev" is the team's default/],
  [["drift"], /no workstation in this checkout yet.*up/],
  [["up"], /Run it with --yes/],
  [["exec", "--stack", "me", "hello"], /Which command\?.*exec hello -- go version/],
  [["exec", "hello", "ls", "-l", "--stack", "me"], /unknown option '-l'.*exec PROJECT -- ls -l/s],
  [["exec", "hello", "--stack", "me", "--", "ls", "-l"], /No Docker daemon answers/],
  [["stop", "--stack", "me"], /No Docker daemon answers at unix:.*up/],
])("%j is one clear message and exit 1", (args, message) => {
  const run = workstation(...(args as string[]));
  expect(run.status).toBe(1);
  expect(run.stdout).toBe("");
  expect(run.stderr).toMatch(message as RegExp);
  expect(run.stderr).not.toMatch(/^\s+at /m);
  expect(run.stderr.trim().split("\n").length).toBeLessThanOrEqual(3);
});

test("settings that are wrong are named with file and line before anything is set up", () => {
  writeFileSync(join(folder, "Pulumi.wrong.yaml"), "config:\n  go-workstation:container:\n    memroy: 2GiB\n");
  const run = workstation("up", "--yes", "--stack", "wrong");
  expect(run.status).toBe(1);
  expect(run.stderr).toMatch(/Pulumi\.wrong\.yaml:3: .*memroy.*memory/);
  expect(run.stderr).not.toContain("Toolchain");
});

test("projects are added, listed and removed; the rest of the file stays as it was", () => {
  const file = join(folder, "Pulumi.me.yaml");
  const before = "# mine\nconfig:\n  go-workstation:container:\n    memory: 2GiB # small\n";
  writeFileSync(file, before);
  const add = workstation("project", "add", join(folder, "project"), "--stack", "me", "--name", "shop");
  expect(add.stderr).toContain("has no go.mod yet");
  expect(add.stdout).toBe('Added "shop". `./workstation up` makes its container.\n');
  expect(workstation("project", "add", join(folder, "project"), "--stack", "me").stdout).toContain("is there already");
  const list = workstation("--json", "project", "list", "--stack", "me");
  expect(JSON.parse(list.stdout)).toEqual({
    projects: [{ name: "shop", path: join(folder, "project"), goVersion: "1.22.6", ports: [] }],
  });
  expect(workstation("project", "remove", "other", "--stack", "me").stderr).toMatch(
    /no project "other"\. It has: shop/,
  );
  expect(workstation("project", "remove", "shop", "--stack", "me").status).toBe(0);
  expect(readFileSync(file, "utf8")).toContain(before);
  expect(workstation("project", "add", join(folder, "nowhere"), "--stack", "me").status).toBe(1);
});

test("a version that is not offered is refused, and the file stays", () => {
  const file = join(folder, "Pulumi.me.yaml");
  const before = readFileSync(file, "utf8");
  const run = workstation("project", "add", join(folder, "project"), "--stack", "me", "--go", "1.99");
  expect(run.status).toBe(1);
  expect(run.stderr).toMatch(/1\.99[\s\S]*Nothing was changed/);
  expect(readFileSync(file, "utf8")).toBe(before);
});

test("env prints lines for a shell, quoted, and no secret", () => {
  const run = workstation("env", "--stack", "me");
  expect(run.status).toBe(0);
  const shell = spawnSync("sh", ["-c", 'eval "$1"; echo "$PULUMI_STACK $PULUMI_BACKEND_URL"', "sh", run.stdout], {
    encoding: "utf8",
  });
  expect(shell.stdout).toBe(`me file://${folder}/state/backend\n`);
  expect(run.stdout).not.toContain("PULUMI_CONFIG_PASSPHRASE=");
});

test("doctor reports a machine without Docker or engine: exit 1, each with a fix", () => {
  const run = workstation("doctor", "--json", "--stack", "me");
  expect(run.status).toBe(1);
  const { checks } = JSON.parse(run.stdout) as { checks: { id: string; status: string; fix: string }[] };
  const byId = Object.fromEntries(checks.map((check) => [check.id, check.status]));
  expect(byId).toMatchObject({ node: "pass", docker: "fail", settings: "pass" });
  for (const check of checks) expect(check.fix).not.toBe("");
});

test("completion offers commands", () => {
  expect(workstation("completion", "bash").stdout).toContain("complete");
  expect(workstation("complete", "--", "dr").stdout).toContain("drift");
});
