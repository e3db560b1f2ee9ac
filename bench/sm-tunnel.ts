/**
 * The SM tunnel beside the bare library and beside the same tunnel in Go with AES-GCM: `node bench/sm-tunnel.ts [--json FILE]`.
 * Rates are per second of processor time, both ends together. What measures is `sidecars/sm-tunnel/bench/paired`. See README.md.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { machine, options, writeJson } from "./lib/report.ts";
import { benchFolder } from "./lib/tofu.ts";

const PROGRAM = path.join(import.meta.dirname, "..", "sidecars", "sm-tunnel");
const given = options(process.argv.slice(2), ["json"]);
const where = machine();
const folder = path.join(benchFolder(), "sm-tunnel");
mkdirSync(folder, { recursive: true });

const goTunnel = path.join(folder, "go-tunnel");
execFileSync("go", ["build", "-trimpath", "-o", goTunnel, "."], {
  cwd: path.join(PROGRAM, "bench", "go-tunnel"),
  stdio: "inherit",
});
process.stdout.write(`${where.processor}, ${where.cores} cores, ${where.memoryGiB} GiB, ${where.system}\n`);
const result = spawnSync("cargo", ["bench", "--locked", "--bench", "paired"], {
  cwd: PROGRAM,
  encoding: "utf8",
  env: { CARGO_TARGET_DIR: path.join(folder, "target"), ...process.env, SM_TUNNEL_GO: goTunnel },
  stdio: ["ignore", "pipe", "inherit"],
});
if (result.status !== 0) throw new Error(`cargo bench ended with ${result.status}: its output is above`);
const lines = result.stdout.trimEnd().split("\n");
const figures: unknown = JSON.parse(lines.pop() ?? "");
process.stdout.write(`${lines.join("\n")}\n`);
writeJson(given.json, { machine: where, figures });
