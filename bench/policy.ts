/**
 * What the policy pack adds to an `up` that changes nothing, and how long a judgement without an engine takes over an
 * export of 500 resources. See README.md.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Command, measure, median, run } from "./lib/measure.ts";
import { machine, options, positive, summaryRows, table, writeJson } from "./lib/report.ts";
import { writeProject, writeStackFile } from "./lib/stack.ts";

const ROOT = path.dirname(import.meta.dirname);
const given = options(process.argv.slice(2), ["rounds", "json", "image"]);
const rounds = positive(given.rounds ?? "7", "rounds");
const RESOURCES = 500;
const stack = "benchpolicy";

const folder = mkdtempSync(path.join(tmpdir(), "go-workstation-policy-"));
const project = path.join(folder, "one");
writeProject(project);
const file = path.join(ROOT, `Pulumi.${stack}.yaml`);
writeStackFile(file, project, given.image);

const workstation = (name: string, args: string[], more: Partial<Command> = {}): Command => ({
  name,
  argv: [path.join(ROOT, "workstation"), ...args],
  cwd: ROOT,
  env: process.env,
  ...more,
});

/** Plain engine runs: the command line is the same on both sides and would only hide the difference. */
function engine(): Record<string, string | undefined> {
  const script = `eval "$(./workstation env --stack ${stack})" && env -0`;
  const asked = spawnSync("sh", ["-c", script], { cwd: ROOT, encoding: "utf8" });
  if (asked.status !== 0) throw new Error(`./workstation env: ${asked.stderr}`);
  const entries = asked.stdout.split("\0").filter((entry) => entry.includes("="));
  return Object.fromEntries(entries.map((e) => [e.slice(0, e.indexOf("=")), e.slice(e.indexOf("=") + 1)]));
}

interface Resource {
  urn: string;
  type: string;
}

/** The stack's own resources again and again, under other names. */
function exportOf500(env: Record<string, string | undefined>): string {
  const told = spawnSync("pulumi", ["stack", "export", "--stack", stack], { cwd: ROOT, env, encoding: "utf8" });
  if (told.status !== 0) throw new Error(told.stderr);
  const document = JSON.parse(told.stdout) as { deployment: { resources: Resource[] } };
  const { resources } = document.deployment;
  const own = resources.filter(({ type }) => !type.startsWith("pulumi:"));
  const copies = Math.ceil(RESOURCES / own.length);
  const many = Array.from({ length: copies }, (_, copy) =>
    own.map((resource) => JSON.parse(JSON.stringify(resource).replaceAll(/::([\w-]+)"/g, `::$1-${copy}"`)) as Resource),
  );
  document.deployment.resources = [
    ...resources.filter(({ type }) => type.startsWith("pulumi:")),
    ...many.flat().slice(0, RESOURCES),
  ];
  const written = path.join(folder, "stack.json");
  writeFileSync(written, JSON.stringify(document, null, 4));
  return written;
}

const host = machine();
try {
  run(workstation("first up", ["up", "--stack", stack, "--yes"]));
  const env = engine();
  const up = (name: string, more: string[]): Command => ({
    name,
    argv: ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack, ...more],
    cwd: ROOT,
    env,
    expect: /unchanged/,
  });
  const exported = exportOf500(env);
  const judge = (format: string): Command =>
    workstation(
      `policy --file, ${RESOURCES} resources, ${format}`,
      ["policy", "--file", exported, "--format", format],
      {
        // Copies share no limit on their processes: a verdict of either kind is one.
        exit: [0, 3],
      },
    );
  const results = measure(
    [
      up("up without a pack, nothing to do", []),
      up("up with the policy pack, nothing to do", ["--policy-pack", path.join(ROOT, "policy")]),
      judge("table"),
      judge("sarif"),
    ],
    rounds,
  );
  const [bare, pack] = results;
  console.log(`${host.processor}, ${host.cores} cores, ${host.memoryGiB} GiB, ${host.system}, kernel ${host.kernel}`);
  console.log(`Node ${host.node}; load before ${host.load}; export of ${readFileSync(exported).length >> 10} KiB\n`);
  console.log(table(summaryRows(results)));
  if (bare !== undefined && pack !== undefined) {
    // Within each round: a slow minute of the machine falls on both.
    const added = median(pack.seconds.map((seconds, i) => seconds - (bare.seconds[i] ?? Number.NaN)));
    console.log(`\nthe policy pack adds ${added.toFixed(2)} s (median of the differences within each round)`);
  }
  writeJson(given.json, { machine: host, rounds, results });
} finally {
  run(workstation("destroy", ["destroy", "--stack", stack, "--yes"]));
  rmSync(file, { force: true });
  rmSync(folder, { recursive: true, force: true });
}
