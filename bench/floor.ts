/** What the engine and OpenTofu take for a program that declares nothing, and what the policy pack adds. See README.md. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Command, measure, ratio, run } from "./lib/measure.ts";
import { machine, options, positive, summaryRows, table, writeJson } from "./lib/report.ts";
import { tofu } from "./lib/tofu.ts";

const ROOT = path.dirname(import.meta.dirname);
const given = options(process.argv.slice(2), ["rounds", "json", "engine", "only"]);
const rounds = positive(given.rounds ?? "9", "rounds");
const folder = mkdtempSync(path.join(tmpdir(), "go-workstation-floor-"));

/** The engine that `./workstation env` names, or with `--engine path` the one on PATH. */
function engineEnvironment(): Record<string, string | undefined> {
  const state = {
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: path.join(folder, "passphrase"),
  };
  if (given.engine === "path") return { ...process.env, ...state, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const asked = spawnSync("sh", ["-c", 'eval "$(./workstation env)" && env -0'], { cwd: ROOT, encoding: "utf8" });
  if (asked.status !== 0) throw new Error(`./workstation env: ${asked.stderr}\nRun \`./workstation up --yes\` once.`);
  const entries = asked.stdout.split("\0").filter((entry) => entry.includes("="));
  return {
    ...Object.fromEntries(entries.map((e) => [e.slice(0, e.indexOf("=")), e.slice(e.indexOf("=") + 1)])),
    ...state,
    PULUMI_STACK: undefined,
  };
}

writeFileSync(path.join(folder, "passphrase"), "only for this measurement\n", { mode: 0o600 });
const env = engineEnvironment();
const program = path.join(folder, "Pulumi.yaml");
writeFileSync(program, "name: floor\nruntime:\n  name: nodejs\n  options:\n    typescript: false\nmain: index.js\n");
writeFileSync(path.join(folder, "package.json"), '{"name": "floor", "version": "0.0.0", "private": true}\n');
writeFileSync(path.join(folder, "index.js"), "");
writeFileSync(path.join(folder, "main.tf"), "");
run({ name: "link", argv: ["ln", "-s", path.join(ROOT, "node_modules"), "node_modules"], cwd: folder, env });

const pulumi = (name: string, args: string[]): Command => ({
  name,
  argv: ["pulumi", ...args, "--non-interactive"],
  cwd: folder,
  env,
});
const up = ["up", "--yes", "--skip-preview", "--stack", "floor"];

function tofuApply(): Command {
  const { binary, env: tofuEnv } = tofu();
  const args = ["apply", "-auto-approve", "-input=false", "-no-color"] as const;
  return { name: "tofu apply", argv: [binary, ...args], cwd: folder, env: tofuEnv };
}

const host = machine();
try {
  run(pulumi("stack init", ["stack", "init", "floor"]));
  const results = measure(
    [
      pulumi("pulumi up", up),
      pulumi("pulumi up with the policy pack", [...up, "--policy-pack", path.join(ROOT, "policy")]),
      ...(given.only === "engine" ? [] : [tofuApply()]),
    ],
    rounds,
  );
  const [bare, pack] = results;
  console.log(`${host.processor}, ${host.cores} cores, ${host.memoryGiB} GiB, ${host.system}, kernel ${host.kernel}`);
  console.log(`Node ${host.node}; load before ${host.load}\n`);
  console.log(table(summaryRows(results)));
  if (bare !== undefined && pack !== undefined) {
    console.log(`\nthe policy pack adds ${(pack.median - bare.median).toFixed(2)} s (${ratio(pack, bare)} x)`);
  }
  writeJson(given.json, { machine: host, rounds, results });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
