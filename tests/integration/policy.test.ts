/** The policy over a real stack: the default one has nothing to say, its export is judged alike, exemptions end. */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Workbench } from "./support/workbench.ts";

const minutes = 60_000;
const run = promisify(execFile);

let bench: Workbench;
let exported: string;

interface Report {
  source: string;
  resources: number;
  counts: { mandatory: number; advisory: number; exempted: number };
  findings: { rule: string; level: string; name: string; message: string }[];
}

async function judge(...args: string[]): Promise<{ code: number; report: Report }> {
  const { code, stdout, stderr } = await bench.workstation("policy", "--json", ...args);
  if (stdout === "") throw new Error(`policy: exit ${code}\n${stderr}`);
  return { code, report: JSON.parse(stdout) as Report };
}

/** Plain pulumi, as `env` prepares a shell for it. */
async function pulumi(...args: string[]): Promise<string> {
  const { stdout: lines } = await bench.succeed("env");
  const script = `${lines}\nexec "$0" "$@"`;
  const { stdout } = await run("sh", ["-c", script, "pulumi", ...args], {
    cwd: bench.checkout,
    env: bench.environment,
    maxBuffer: 1 << 26,
  });
  return stdout;
}

const team = (): string => join(bench.checkout, "policy.config.yaml");

beforeAll(async () => {
  bench = await Workbench.open();
  writeFileSync(bench.stackFile, "config:\n  go-workstation:image:\n    source: bootstrap\n");
  const project = join(bench.folder, "shop");
  mkdirSync(project);
  writeFileSync(join(project, "go.mod"), "module example.com/shop\n\ngo 1.22\n");
  await bench.configure(["go-workstation:projects"], [{ path: project }]);
  await bench.configure(["go-workstation:smokeTest"], { enabled: false });
  await bench.succeed("up", "--yes");
  exported = join(bench.folder, "stack.json");
  writeFileSync(exported, await pulumi("stack", "export"));
}, 20 * minutes);

afterAll(async () => {
  try {
    await bench?.workstation("destroy", "--yes");
  } finally {
    await bench?.close();
  }
}, 5 * minutes);

test(
  "the default stack: no finding at all, in its state and in its export",
  async () => {
    const state = await judge();
    expect([state.code, state.report.findings]).toEqual([0, []]);
    expect(state.report.resources).toBeGreaterThan(10);
    const file = await judge("--file", exported);
    expect(file).toEqual({ code: 0, report: { ...state.report, source: exported } });
  },
  2 * minutes,
);

test(
  "an edit by hand in the export is found",
  async () => {
    const document = JSON.parse(readFileSync(exported, "utf8")) as {
      deployment: { resources: { type: string; inputs: Record<string, unknown> }[] };
    };
    const container = document.deployment.resources.find(({ type }) => type === "docker:index/container:Container");
    Object.assign(container?.inputs ?? {}, { privileged: true });
    const edited = join(bench.folder, "edited.json");
    writeFileSync(edited, JSON.stringify(document));
    const { code, report } = await judge("--file", edited);
    expect([code, report.findings.map(({ rule, name }) => [rule, name])]).toEqual([
      3,
      [["container-privileges", "shop-container"]],
    ]);
  },
  minutes,
);

test(
  "an exemption shows in up; one that is over stops an up that has nothing else to do",
  async () => {
    const text = (until: string) =>
      `rules: {container-memory: {options: {maxMemory: 1024}}}
exemptions:
  - {rule: container-memory, resource: shop-container, owner: ada, reason: builds need it, until: ${until}}
`;
    try {
      writeFileSync(team(), text("2999-12-31"));
      const exempted = await bench.succeed("up", "--yes");
      expect(exempted.stderr).toMatch(
        /memory is 4096 MiB, more than 1024 \(exempted until 2999-12-31 by ada: builds need it\)/,
      );
      writeFileSync(team(), text("2026-01-31"));
      const over = await bench.workstation("up", "--yes");
      expect(over.code).toBe(1);
      expect(over.stderr).toMatch(/policy-exemptions.*owner ada: builds need it.*until 2026-01-31, has expired/s);
      writeFileSync(team(), text("soon"));
      const wrong = await bench.workstation("up", "--yes");
      expect([wrong.code, wrong.stdout]).toEqual([1, ""]);
      expect(wrong.stderr).toMatch(
        /^workstation: policy\.config\.yaml:3: exemptions\[0\]\.until: "soon" is not allowed/,
      );
    } finally {
      rmSync(team(), { force: true });
    }
    await bench.succeed("up", "--yes");
  },
  5 * minutes,
);

test(
  "what was exported and imported again is the same stack: up has nothing to do",
  async () => {
    const file = join(bench.folder, "team.json");
    await bench.succeed("export", "--out", file, "--unsigned");
    expect(readFileSync(file, "utf8")).not.toContain(bench.folder);
    await bench.configure(["go-workstation:container"], { memory: "1GiB" });
    const missing = await bench.workstation("import", file, "--allow-unsigned", "--yes");
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("path.shop")]);
    await bench.succeed(
      "import",
      file,
      "--allow-unsigned",
      "--yes",
      "--set",
      `path.shop=${join(bench.folder, "shop")}`,
    );
    const { stdout, stderr } = await bench.succeed("up", "--yes");
    expect(`${stdout}${stderr}`).not.toMatch(/\b[1-9]\d* (created|updated|replaced|deleted)/);
    expect((await bench.drift()).report.drifted).toEqual([]);
  },
  5 * minutes,
);

test(
  "another project's stack reads this one's outputs",
  async () => {
    const folder = join(bench.folder, "reader");
    mkdirSync(folder);
    symlinkSync(join(bench.checkout, "node_modules"), join(folder, "node_modules"));
    writeFileSync(
      join(folder, "Pulumi.yaml"),
      "name: reader\nmain: index.js\nruntime: {name: nodejs, options: {typescript: false}}\n",
    );
    writeFileSync(join(folder, "package.json"), '{"name": "reader"}\n');
    writeFileSync(
      join(folder, "index.js"),
      `const pulumi = require("@pulumi/pulumi");
const workstation = new pulumi.StackReference("organization/go-workstation/${bench.stack}");
exports.containers = workstation.requireOutput("projects").apply((all) => Object.values(all).map((one) => one.container));
`,
    );
    const plain = async (...args: string[]): Promise<string> => await pulumi("--cwd", folder, ...args);
    await plain("stack", "init", "reader");
    // `env` names the workstation's own stack.
    const of = ["--stack", "reader"];
    await plain("up", ...of, "--yes", "--skip-preview", "--non-interactive");
    expect(JSON.parse(await plain("stack", "output", ...of, "containers", "--json"))).toEqual([
      `gows-${bench.stack}-shop`,
    ]);
    await plain("stack", "rm", ...of, "--yes", "--force");
  },
  2 * minutes,
);

test(
  "evidence of a real stack holds on another machine; what was changed, and what has drifted, is named",
  async () => {
    const key = join(bench.folder, "key");
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key]);
    const [type = "", value = ""] = readFileSync(`${key}.pub`, "utf8").split(" ");
    const signers = join(bench.checkout, "allowed_signers");
    writeFileSync(signers, `auditor@example.org ${type} ${value.trim()}\n`);
    const file = join(bench.folder, "evidence.json");
    try {
      await bench.succeed("evidence", "--out", file, "--key", key);
      const good = await bench.workstation("verify", "--json", file);
      const failed = (text: string): object[] =>
        (JSON.parse(text) as { checks: { status: string }[] }).checks.filter(({ status }) => status === "fail");
      expect([good.code, failed(good.stdout)]).toEqual([0, []]);
      const text = readFileSync(file, "utf8");
      // The stack's own name and the projects' are told; this machine's folders are not.
      expect(text).not.toContain(bench.folder);
      const changed = join(bench.folder, "changed.json");
      writeFileSync(changed, text.replace(/"go": "1\.22\.6"|1\.22\.6/, "1.22.7"));
      const refused = await bench.workstation("verify", changed);
      expect([refused.code, refused.stdout]).toEqual([1, ""]);
      await bench.docker("stop", "--time", "1", `gows-${bench.stack}-shop`);
      await bench.succeed("evidence", "--out", file, "--key", key);
      const drifted = await bench.workstation("verify", "--json", file);
      expect(drifted.code).toBe(3);
      expect(JSON.stringify(failed(drifted.stdout))).toContain("shop-container");
    } finally {
      rmSync(signers, { force: true });
    }
    await bench.succeed("up", "--yes");
  },
  5 * minutes,
);
