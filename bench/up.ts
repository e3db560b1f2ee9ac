/**
 * How long `./workstation up --yes` takes: on a machine that has nothing yet (a home of its own, empty caches; Docker is
 * the machine's) and again with nothing to do. See README.md.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { type Command, measure, run, summarise } from "./lib/measure.ts";
import { machine, options, positive, summaryRows, table, writeJson } from "./lib/report.ts";
import { writeProject, writeStackFile } from "./lib/stack.ts";

const ROOT = path.dirname(import.meta.dirname);
const given = options(process.argv.slice(2), ["cold", "rounds", "json", "image"]);
const rounds = positive(given.rounds ?? "7", "rounds");
const cold = given.cold === "true";
const stack = "benchup";

/** What makes a fresh user: nothing that points to the caches of this one. */
function freshEnvironment(home: string): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(XDG_|WORKSTATION_|PULUMI_|NODE_COMPILE_CACHE|GOPATH|GOCACHE|GOMODCACHE|npm_config_cache)/i.test(name),
  );
  return { ...Object.fromEntries(kept), HOME: home };
}

const home = cold ? mkdtempSync(path.join(tmpdir(), "go-workstation-home-")) : homedir();
const project = mkdtempSync(path.join(tmpdir(), "go-workstation-project-"));
writeProject(path.join(project, "one"));

const command = (name: string, args: string[]): Command => ({
  name: `workstation ${name}`,
  argv: [path.join(ROOT, "workstation"), name, "--stack", stack, "--yes", ...args],
  cwd: ROOT,
  env: cold ? freshEnvironment(home) : process.env,
});
const file = path.join(ROOT, `Pulumi.${stack}.yaml`);
writeStackFile(file, path.join(project, "one"), given.image);

const host = machine();
try {
  const first = summarise(cold ? "cold up" : "first up", [run(command("up", []))]);
  const again = measure([{ ...command("up", []), name: "up with nothing to do" }], rounds);
  const results = [first, ...again];
  console.log(`${host.processor}, ${host.cores} cores, ${host.memoryGiB} GiB, ${host.system}, kernel ${host.kernel}`);
  console.log(`Node ${host.node}, Docker ${host.docker}; load before ${host.load}\n`);
  console.log(table(summaryRows(results)));
  writeJson(given.json, { machine: host, cold, results });
} finally {
  run(command("destroy", []));
  rmSync(file, { force: true });
  rmSync(project, { recursive: true, force: true });
  if (cold) {
    // Go's module cache is read-only.
    run({ name: "chmod", argv: ["chmod", "-R", "u+w", home], cwd: ROOT, env: process.env });
    rmSync(home, { recursive: true, force: true });
  }
}
