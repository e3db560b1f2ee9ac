/** The real command, without anything on PATH: no engine, no Docker, no network is needed. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { good } from "../../policy/fixtures/cases.ts";
import { exportOf, urnOf } from "../../policy/fixtures/export.ts";

const ROOT = join(__dirname, "../../..");
const CONTAINER = "docker:index/container:Container";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gows-policy-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ended = { ...good, mustRun: false };
const passing = exportOf([{ type: CONTAINER, name: "web", inputs: ended }]);
const violating = exportOf([{ type: CONTAINER, name: "web", inputs: { ...ended, user: "root" } }]);

function policy(args: string[], input: string | Buffer = "") {
  const env = {
    PATH: "/nowhere",
    HOME: folder,
    WORKSTATION_STATE_DIR: join(folder, "state"),
    DOCKER_HOST: `unix://${folder}/no.sock`,
    PULUMI_BACKEND_URL: `file://${folder}`,
  };
  const run = spawnSync(process.execPath, [join(ROOT, "cli/main.ts"), "policy", ...args], {
    cwd: folder,
    env,
    input,
    encoding: "utf8",
  });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content);
  return name;
}

test("a stack that satisfies every rule: 0", () => {
  const { status, stdout, stderr } = policy(["--file", file("good.json", passing)]);
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^No mandatory violation, 0 advisory: \d+ rules over 1 resources of ada/);
});

test("a mandatory violation: 3, in a table without colours", () => {
  const { status, stdout } = policy(["--file", file("bad.json", violating)]);
  expect(status).toBe(3);
  expect(stdout).toMatch(/^mandatory +container-user +web +user +user is "root"$/m);
  expect(stdout).not.toContain("\u001b");
});

test("an export can come through a pipe, also as PowerShell writes it", () => {
  const { status, stdout } = policy(["--file", "-", "--json"], violating);
  expect(status).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({ stack: "ada", source: "stdin", counts: { mandatory: 1 } });
  const powershell = Buffer.from(`\uFEFF${violating}`, "utf16le");
  expect(policy(["--file", file("windows.json", powershell)]).status).toBe(3);
  expect(policy(["--file", file("marked.json", `\uFEFF${passing}`)]).status).toBe(0);
});

test("--out writes the report and says in a line what it has", () => {
  const name = file("bad.json", violating);
  const { status, stdout, stderr } = policy(["--file", name, "--format", "sarif", "--out", "policy.sarif"]);
  expect([status, stdout]).toEqual([3, ""]);
  expect(stderr).toBe("Policy: 1 mandatory, 0 advisory, 0 exempted; the report is in policy.sarif\n");
  const log = JSON.parse(readFileSync(join(folder, "policy.sarif"), "utf8")) as { runs: { results: object[] }[] };
  expect(log.runs[0]?.results).toHaveLength(1);
  expect(JSON.stringify(log)).toContain('"uri":"bad.json"');
  expect(policy(["--file", name, "--format", "junit"]).stdout).toContain('<failure message="user is &quot;root&quot;"');
});

test.each([
  [["--file", "absent.json"], "--file absent.json: cannot be read: there is no such file."],
  [["--file", "damaged.json"], "damaged.json: is damaged: it does not parse as JSON"],
  [["--file", "newer.json"], "newer.json: has version 9, which is newer than this program knows"],
  [["--file", "good.json", "--format", "xml"], '--format: "xml" is not one of table, json, sarif, junit.'],
  [["--file", "good.json", "--stack", "bob"], 'good.json: is an export of the stack "ada", not of "bob" (--stack).'],
  [["--file", "good.json", "--out", "no/such/folder"], "--out no/such/folder: cannot be written"],
  [["--stack", "nobody"], 'There is no stack "nobody" yet'],
])("%j: 1, with one message", (args, message) => {
  file("good.json", passing);
  file("damaged.json", violating.slice(0, 500));
  file("newer.json", violating.replace('"version": 3', '"version": 9'));
  const { status, stdout, stderr } = policy(args);
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toContain(`workstation: ${message}`);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

test("the team's configuration: --config, with an exemption that shows in every report", () => {
  const day = (until: string) =>
    `exemptions: [{rule: container-user, resource: web, owner: ada, reason: "an <old> image", until: ${until}}]\n`;
  const name = file("bad.json", violating);
  const given = (until: string) => ["--file", name, "--config", file("team.yaml", day(until))];
  const table = policy(given("2999-12-31"));
  expect(table.status).toBe(0);
  expect(table.stdout).toMatch(/^exempted +container-user .*\(exempted until 2999-12-31 by ada: an <old> image\)$/m);
  expect(table.stdout).toMatch(/^No mandatory violation, 0 advisory, 1 exempted: /m);
  const { findings } = JSON.parse(policy([...given("2999-12-31"), "--json"]).stdout) as { findings: object[] };
  expect(findings).toMatchObject([{ level: "exempted", exemption: { owner: "ada", until: "2999-12-31" } }]);
  expect(policy([...given("2999-12-31"), "--format", "junit"]).stdout).toMatch(/<skipped message=".*an &lt;old&gt;/);
  expect(policy([...given("2999-12-31"), "--format", "sarif"]).stdout).toContain('"kind": "external"');
  const expired = policy(given("2026-11-23"));
  expect(expired.status).toBe(3);
  expect(expired.stdout).toMatch(
    /^mandatory +policy-exemptions +go-workstation-ada .*owner ada: an <old> image.*has expired$/m,
  );
});

test.each([
  [
    "rules: {container-usr: advisory}",
    'team.yaml:1: rules.container-usr: is no known rule. Did you mean "container-user"?',
  ],
  [undefined, "absent.yaml: cannot be read: "],
])("a configuration that is wrong: 1 (%s)", (content, message) => {
  const config = content === undefined ? "absent.yaml" : file("team.yaml", content);
  const { status, stderr } = policy(["--file", file("good.json", passing), "--config", config]);
  expect(status).toBe(1);
  expect(stderr).toContain(`workstation: ${message}`);
});

test("without a file the stack's own state is judged", () => {
  const { deployment } = JSON.parse(violating) as { deployment: object };
  const stacks = join(folder, ".pulumi/stacks/go-workstation");
  mkdirSync(stacks, { recursive: true });
  writeFileSync(
    join(stacks, "ada.json"),
    JSON.stringify({ version: 3, checkpoint: { stack: "ada", latest: deployment } }),
  );
  const { status, stdout } = policy(["--stack", "ada", "--json"]);
  expect(status).toBe(3);
  const { source, findings } = JSON.parse(stdout) as { source: string; findings: { urn: string }[] };
  expect([source, findings.map(({ urn }) => urn)]).toEqual(["state", [urnOf(CONTAINER, "web")]]);
});
