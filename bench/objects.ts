/**
 * The same Docker objects under OpenTofu and under the workstation, nothing to change: `tofu plan` against
 * `./workstation drift`, `tofu apply` (which refreshes) against `./workstation up --yes`, and against the same with
 * `--full`, which starts the engine although nothing changed. See README.md.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Command, line, measure, ratio, run, type Summary } from "./lib/measure.ts";
import { projectFolders, SHARED, stackFile, TINY_IMAGE, tinyImage, tofuConfiguration } from "./lib/objects.ts";
import { machine, options, positive, summaryRows, table, writeJson } from "./lib/report.ts";
import { tofu, versions } from "./lib/tofu.ts";

const ROOT = path.dirname(import.meta.dirname);

const given = options(process.argv.slice(2), ["sizes", "rounds", "only", "image", "json"]);
const rounds = positive(given.rounds ?? "7", "rounds");
const sizes = (given.sizes ?? "5,40").split(",").map((size) => positive(size, "sizes"));
const sides = given.only ?? "both";
if (!["both", "tofu", "workstation"].includes(sides)) throw new Error(`--only ${sides}: must be tofu or workstation`);
for (const size of sizes) if (size <= SHARED) throw new Error(`--sizes ${size}: must be more than ${SHARED}`);

interface Side {
  make: Command;
  commands: [look: Command, apply: Command, full?: Command];
  remove: Command;
}

function tofuSide(folder: string, objects: number): Side {
  const { binary, env } = tofu();
  const cwd = path.join(folder, "tofu");
  mkdirSync(cwd, { recursive: true });
  tinyImage(folder);
  writeFileSync(
    path.join(cwd, "main.tf"),
    tofuConfiguration(`gows-bench-tofu${objects}`, projectFolders(folder, objects)),
  );
  const command = (name: string, args: string[], expect: RegExp): Command => ({
    name: `tofu ${name}, ${objects} objects`,
    argv: [binary, name, "-input=false", "-no-color", ...args],
    cwd,
    env,
    expect,
  });
  return {
    make: command("apply", ["-auto-approve"], /Apply complete!/),
    commands: [
      command("plan", ["-detailed-exitcode"], /No changes\./),
      command("apply", ["-auto-approve"], /Apply complete! Resources: 0 added, 0 changed, 0 destroyed\./),
    ],
    remove: command("destroy", ["-auto-approve"], /Destroy complete!/),
  };
}

function workstationSide(folder: string, objects: number): Side {
  const stack = `bench${objects}`;
  const file = path.join(ROOT, `Pulumi.${stack}.yaml`);
  if (existsSync(file))
    throw new Error(`${path.basename(file)} exists: \`./workstation destroy --stack ${stack} --yes\`, then remove it`);
  writeFileSync(file, stackFile(projectFolders(folder, objects), given.image ?? "bootstrap"));
  const command = (name: string, args: string[]): Command => ({
    name: `workstation ${name}, ${objects} objects`,
    argv: [path.join(ROOT, "workstation"), ...name.split(" "), "--stack", stack, ...args],
    cwd: ROOT,
    env: process.env,
  });
  return {
    make: command("up", ["--yes"]),
    commands: [command("drift", []), command("up", ["--yes"]), command("up --full", ["--yes"])],
    remove: command("destroy", ["--yes"]),
  };
}

/** A failed removal must not hide why the measurement failed. */
function cleanUp(command: Command): void {
  try {
    run(command);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

interface Result {
  objects: number;
  summaries: Summary[];
  /** Ours over theirs, paired: `drift` over `plan`, `up` and `up --full` over `apply`. */
  ratios: { look: number; apply: number; full: number } | undefined;
}

function measureSize(objects: number): Result {
  const folder = mkdtempSync(path.join(tmpdir(), "go-workstation-bench-"));
  const built: Side[] = [];
  try {
    if (sides !== "workstation") built.push(tofuSide(folder, objects));
    if (sides !== "tofu") built.push(workstationSide(folder, objects));
    for (const side of built) run(side.make);
    // Plan beside drift, then apply beside up.
    const commands = [0, 1, 2].flatMap((i) => built.flatMap(({ commands }) => commands[i] ?? []));
    const summaries = measure(commands, rounds);
    const [plan, drift, apply, up, full] = summaries;
    const paired = plan && drift && apply && up && full;
    const ratios = paired && { look: ratio(drift, plan), apply: ratio(up, apply), full: ratio(full, apply) };
    return { objects, summaries, ratios };
  } finally {
    for (const side of built) cleanUp(side.remove);
    rmSync(path.join(ROOT, `Pulumi.bench${objects}.yaml`), { force: true });
    rmSync(folder, { recursive: true, force: true });
    if (sides !== "workstation") execFileSync("docker", ["image", "rm", TINY_IMAGE], { stdio: "ignore" });
  }
}

const host = machine();
const results = sizes.map(measureSize);

console.log(`${host.processor}, ${host.cores} cores, ${host.memoryGiB} GiB, ${host.system}, kernel ${host.kernel}`);
console.log(`Node ${host.node}, Docker ${host.docker}, ${versions.join(", ")}; load before ${host.load}\n`);
console.log(table(summaryRows(results.flatMap(({ summaries }) => summaries))));
for (const { objects, ratios } of results) {
  if (ratios !== undefined) {
    console.log(
      `\n${objects} objects: drift / plan ${ratios.look}, up / apply ${ratios.apply}, up --full / apply ${ratios.full} (medians of the paired ratios)`,
    );
  }
}

const growth = (results[0]?.summaries ?? []).map(({ name }, i) => ({
  name: name.replace(/,.*/, ""),
  ...line(results.map(({ objects, summaries }) => ({ objects, seconds: summaries[i]?.median ?? Number.NaN }))),
}));
if (results.length > 1) {
  const rows = growth.map((g) => [g.name, `${g.floor.toFixed(2)} s`, `${(g.perObject * 1000).toFixed(1)} ms`]);
  console.log(`\n${table([["", "at no object", "each object"], ...rows])}`);
}
writeJson(given.json, { machine: host, versions, rounds, results, growth });
