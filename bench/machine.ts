/**
 * What files and root certificates of the machine cost: a stack with 60 managed files and 150 trust anchors (staged, so
 * that nothing of this machine is touched) beside the same stack without them, with nothing to change. See README.md.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Command, measure, ratio, run } from "./lib/measure.ts";
import { type Project, stackFile } from "./lib/objects.ts";
import { machine, options, positive, summaryRows, table, writeJson } from "./lib/report.ts";

const ROOT = path.dirname(import.meta.dirname);
const given = options(process.argv.slice(2), ["files", "roots", "rounds", "image", "json"]);
const fileCount = positive(given.files ?? "60", "files");
const rootCount = positive(given.roots ?? "150", "roots");
const rounds = positive(given.rounds ?? "7", "rounds");

/** Files that were there before, of every kind, each with something of its owner's in it. */
function managedFiles(folder: string): object[] {
  mkdirSync(path.join(folder, "machine"), { recursive: true });
  const kinds = [
    {
      suffix: "ini",
      before: "; mine\r\n[ui]\r\ntheme = dark\r\n",
      own: { mode: "ini", values: { team: { level: 3 } } },
    },
    { suffix: "json", before: '{\n  "mine": true\n}\n', own: { mode: "json", values: { team: { level: 3 } } } },
    {
      suffix: "jsonc",
      before: '{\n  // mine\n  "mine": true,\n}\n',
      own: { mode: "jsonc", values: { team: { level: 3 } } },
    },
    { suffix: "sh", before: "export MINE=1\n", own: { mode: "block", content: "export TEAM=1\n" } },
    { suffix: "txt", before: "mine\n", own: { mode: "whole", content: "the team's\n" } },
  ];
  return Array.from({ length: fileCount }, (_, index) => {
    const kind = kinds[index % kinds.length] as (typeof kinds)[number];
    const file = path.join(folder, "machine", `${index}.${kind.suffix}`);
    writeFileSync(file, kind.before);
    return { path: file, ...kind.own };
  });
}

function rootCertificates(folder: string): string {
  const all = path.join(folder, "roots.pem");
  const key = path.join(folder, "key.pem");
  const openssl = (...args: string[]): string =>
    execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key);
  const pems = Array.from({ length: rootCount }, (_, index) =>
    openssl("req", "-x509", "-new", "-key", key, "-days", "3650", "-subj", `/O=Bench/CN=Bench Root ${index}`),
  );
  writeFileSync(all, pems.join(""));
  return all;
}

interface Side {
  file: string;
  make: Command;
  drift: Command;
  up: Command;
  full: Command;
  remove: Command;
}

function side(stack: string, text: string): Side {
  const file = path.join(ROOT, `Pulumi.${stack}.yaml`);
  if (existsSync(file))
    throw new Error(`${path.basename(file)} exists: \`./workstation destroy --stack ${stack} --yes\`, then remove it`);
  writeFileSync(file, text);
  const command = (name: string, args: string[]): Command => ({
    name: `${name}, ${stack === "benchwith" ? "with" : "without"}`,
    argv: [path.join(ROOT, "workstation"), ...name.split(" "), "--stack", stack, ...args],
    cwd: ROOT,
    env: process.env,
  });
  return {
    file,
    make: command("up", ["--yes"]),
    drift: command("drift", []),
    up: { ...command("up", ["--yes"]), expect: /Nothing changed/ },
    full: command("up --full", ["--yes"]),
    remove: command("destroy", ["--yes"]),
  };
}

const folder = mkdtempSync(path.join(tmpdir(), "go-workstation-bench-"));
const project: Project = { name: "p01", path: path.join(folder, "p01") };
mkdirSync(project.path);
writeFileSync(path.join(project.path, "go.mod"), "module example.com/p01\n\ngo 1.22\n");
const plain = stackFile([project], given.image ?? "bootstrap");
const files = managedFiles(folder);
const before = files.map((file) => readFileSync((file as { path: string }).path, "utf8"));
const more = `  go-workstation:files: ${JSON.stringify(files)}
  go-workstation:hostSync: ${JSON.stringify({ mode: "staged", roots: { files: [rootCertificates(folder)] } })}
`;
const host = machine();
const sides: Side[] = [];
try {
  const without = side("benchwithout", plain);
  sides.push(without);
  const withThem = side("benchwith", plain + more);
  sides.push(withThem);
  for (const one of sides) run(one.make);
  const [upWithout, upWith, driftWithout, driftWith, fullWithout, fullWith] = measure(
    [without.up, withThem.up, without.drift, withThem.drift, without.full, withThem.full],
    rounds,
  );
  if (!upWithout || !upWith || !driftWithout || !driftWith || !fullWithout || !fullWith) throw new Error("no figures");
  const results = [upWithout, upWith, driftWithout, driftWith, fullWithout, fullWith];
  const ratios = {
    up: ratio(upWith, upWithout),
    drift: ratio(driftWith, driftWithout),
    full: ratio(fullWith, fullWithout),
  };
  console.log(`${host.processor}, ${host.cores} cores, ${host.memoryGiB} GiB, ${host.system}, kernel ${host.kernel}`);
  console.log(`Node ${host.node}, Docker ${host.docker}; load before ${host.load}\n`);
  console.log(`${fileCount} managed files and ${rootCount} trust anchors\n`);
  console.log(table(summaryRows(results)));
  console.log(`\nwith / without: up ${ratios.up}, drift ${ratios.drift}, up --full ${ratios.full}`);
  writeJson(given.json, { machine: host, fileCount, rootCount, rounds, results, ratios });
} finally {
  for (const one of sides) {
    try {
      run(one.remove);
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
      process.exitCode = 1;
    }
    rmSync(one.file, { force: true });
  }
  const back = files.map((file) => readFileSync((file as { path: string }).path, "utf8"));
  if (JSON.stringify(back) !== JSON.stringify(before)) {
    process.stderr.write("destroy did not give every file back\n");
    process.exitCode = 1;
  }
  rmSync(folder, { recursive: true, force: true });
}
