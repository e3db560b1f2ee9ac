/** The jobs below docs/ci: their shell steps run as the CI system would run them, in a checkout of their own. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { good } from "../policy/fixtures/cases.ts";
import { exportOf } from "../policy/fixtures/export.ts";

const ROOT = join(__dirname, "../..");
const CONTAINER = "docker:index/container:Container";

interface Job {
  name: string;
  env: Record<string, string>;
  /** Shell of the system: GitHub's stops at the first error, GitLab's too, and at one in a pipe. */
  shell: string[];
  steps: string[];
}

interface GitHub {
  env: Record<string, string>;
  jobs: Record<string, { steps: { uses?: string; run?: string; with?: Record<string, string> }[] }>;
}
interface GitLab {
  policy: {
    variables: Record<string, string>;
    before_script: string[];
    script: string[];
    artifacts: { paths: string[] };
  };
}

const read = <T>(file: string): T => parse(readFileSync(join(ROOT, "docs/ci", file), "utf8")) as T;
const github = read<GitHub>("github-actions.yml");
const gitlab = read<GitLab>("gitlab-ci.yml");
const steps = github.jobs.policy?.steps ?? [];

const jobs: Job[] = [
  {
    name: "GitHub Actions",
    env: github.env,
    shell: ["bash", "-e"],
    steps: steps.flatMap(({ run }) => (run === undefined ? [] : [run])),
  },
  {
    name: "GitLab CI",
    env: gitlab.policy.variables,
    shell: ["sh", "-e"],
    steps: [...gitlab.policy.before_script, ...gitlab.policy.script],
  },
];

/** What the packages' registry gives: not fetched again for each run of the tests. */
const INSTALL = "npm ci --omit=dev --ignore-scripts";

let checkout: string;
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), "gows-ci-"));
  for (const part of ["cli", "config", "domain", "policy", "provider", "resources", "package.json", "workstation"]) {
    cpSync(join(ROOT, part), join(checkout, part), { recursive: true });
  }
});
afterEach(() => rmSync(checkout, { recursive: true, force: true }));

function run({ env, shell, steps: scripts }: Job, exported: string) {
  writeFileSync(join(checkout, "stack.json"), exported);
  const [program = "sh", ...args] = shell;
  let output = "";
  for (const script of scripts) {
    if (script.trim() === INSTALL) {
      symlinkSync(join(ROOT, "node_modules"), join(checkout, "node_modules"));
      continue;
    }
    const done = spawnSync(program, [...args, "-c", script], {
      cwd: checkout,
      env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: checkout, ...env },
      encoding: "utf8",
    });
    output += done.stdout + done.stderr;
    if (done.status !== 0) return { status: done.status, output };
  }
  return { status: 0, output };
}

const stack = (user: string): string =>
  exportOf([{ type: CONTAINER, name: "web", inputs: { ...good, mustRun: false, user } }]);
const report = (name: string): string => readFileSync(join(checkout, "policy-reports", name), "utf8");

describe.each(jobs)("$name", (job) => {
  test("installs what the lock file says, and runs no script of a package", () => {
    expect(job.steps.map((step) => step.trim())).toContain(INSTALL);
  });

  test("a good stack passes, with both reports", () => {
    const { status, output } = run(job, stack("1000:1000"));
    expect([status, output]).toEqual([0, expect.stringContaining("No mandatory violation")]);
    expect((JSON.parse(report("policy.sarif")) as { runs: { results: object[] }[] }).runs[0]?.results).toEqual([]);
    expect(report("policy.xml")).toMatch(/<testsuites name="policy" tests="\d+" failures="0"/);
  });

  test("a violation ends the job with 3, after both reports are written", () => {
    const { status, output } = run(job, stack("root"));
    expect(status).toBe(3);
    expect(output).toMatch(/mandatory +container-user +web +user +user is "root"/);
    expect(report("policy.sarif")).toContain('"ruleId": "container-user"');
    expect(report("policy.xml")).toContain('<failure message="user is &quot;root&quot;"');
  });

  test("without a verdict the job fails at once", () => {
    const { status, output } = run(job, "{");
    expect(status).toBe(1);
    expect(output).toContain("stack.json: is damaged");
    expect(existsSync(join(checkout, "policy-reports/policy.sarif"))).toBe(false);
  });
});

test("what is kept is what is written", () => {
  const kept = steps
    .flatMap(({ with: inputs }) => [inputs?.sarif_file, inputs?.path])
    .filter((path) => path !== undefined);
  expect(kept).toEqual([`${github.env.REPORTS}/policy.sarif`, github.env.REPORTS]);
  expect(gitlab.policy.artifacts).toEqual({
    when: "always",
    paths: [gitlab.policy.variables.REPORTS],
    reports: { junit: `${gitlab.policy.variables.REPORTS}/policy.xml` },
  });
});
