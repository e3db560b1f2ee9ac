/** Files and roots of the machine under the real engine: messy files, hand edits, roots that come and go, all given back. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { authority } from "../provider/trust/certificates.ts";
import { Workbench } from "./support/workbench.ts";

const minutes = 60_000;
let bench: Workbench;
let machine: string;

/** As people's files are: mixed line endings, a byte order mark, comments everywhere, no final newline. */
const messy: Record<string, { text: string; mode: number; setting: object }> = {
  "windows/.wslconfig": {
    text: "\uFEFF# mine\r\n[wsl2]\r\nmemory=6GB # enough\r\n  swap = 0\r\n\r\n; old\r\n[Experimental]\r\nautoMemoryReclaim=gradual",
    mode: 0o600,
    setting: { mode: "ini", values: { wsl2: { memory: "8GB", processors: 4 } } },
  },
  "etc/wsl.conf": {
    text: '[boot]\nsystemd = false   \n\n[boot]\n# twice\ncommand="service x start"\nbroken line\n',
    mode: 0o644,
    setting: { mode: "ini", values: { boot: { systemd: true }, automount: { options: "metadata,umask=022" } } },
  },
  "etc/docker/daemon.json": {
    text: '{"insecure-registries":["10.0.0.1:5000"],\n\t"log-opts": {"max-size":"1m" }\n}',
    mode: 0o640,
    setting: { mode: "json", values: { "live-restore": true, "log-opts": { "max-file": "3" } } },
  },
  "home/settings.json": {
    text: '{\r\n  // colours\r\n  "workbench.colorTheme": "Solarized", /* yes */\r\n  "go.lintTool": "golint",\r\n}\r\n',
    mode: 0o644,
    setting: { mode: "jsonc", values: { "go.lintTool": "golangci-lint", "editor.formatOnSave": true } },
  },
  "home/.profile": {
    text: "export A=1\nexport PATH=$PATH:~/bin",
    mode: 0o644,
    setting: { mode: "block", content: "export TEAM=1\n" },
  },
};
const place = (name: string): string => join(machine, name);
const text = (name: string): string => readFileSync(place(name), "utf8");
const drifted = async (): Promise<string[]> =>
  (await bench.drift()).report.drifted.map(({ name, kind }) => `${name.replace(/-[0-9a-f]{8}$/, "")} ${kind}`).sort();

beforeAll(async () => {
  bench = await Workbench.open();
  machine = join(bench.folder, "machine");
  for (const [name, { text: content, mode }] of Object.entries(messy)) {
    mkdirSync(join(place(name), ".."), { recursive: true });
    writeFileSync(place(name), content, { mode });
    chmodSync(place(name), mode);
  }
  writeFileSync(bench.stackFile, "config:\n  go-workstation:image:\n    source: bootstrap\n");
  await bench.configure(["go-workstation:projects"], [{ path: "examples/hello" }]);
  await bench.configure(["go-workstation:smokeTest"], { enabled: false });
  await bench.configure(["go-workstation:goToolchain"], { enabled: true, folder: join(bench.folder, "go") });
  await bench.configure(
    ["go-workstation:files"],
    Object.entries(messy).map(([name, { setting }]) => ({ path: place(name), ...setting })),
  );
}, 5 * minutes);

afterAll(async () => {
  await bench?.close();
}, 2 * minutes);

test(
  "only our keys change in files that were there; a second up changes nothing",
  async () => {
    await bench.succeed("up", "--yes");
    expect(text("windows/.wslconfig")).toBe(
      (messy["windows/.wslconfig"]?.text ?? "")
        .replace("memory=6GB", "memory=8GB")
        .replace("  swap = 0\r\n", "  swap = 0\r\n  processors = 4\r\n"),
    );
    expect(JSON.parse(text("etc/docker/daemon.json"))).toEqual({
      "insecure-registries": ["10.0.0.1:5000"],
      "log-opts": { "max-size": "1m", "max-file": "3" },
      "live-restore": true,
    });
    expect(text("home/settings.json")).toContain('"workbench.colorTheme": "Solarized", /* yes */\r\n');
    expect(text("home/.profile").startsWith("export A=1\nexport PATH=$PATH:~/bin")).toBe(true);
    for (const [name, { mode }] of Object.entries(messy))
      expect([name, statSync(place(name)).mode & 0o777]).toEqual([name, mode]);
    for (const args of [
      ["up", "--yes"],
      ["up", "--yes", "--full"],
    ]) {
      const again = await bench.succeed(...args);
      expect(`${again.stdout}${again.stderr}`).not.toMatch(/\b[1-9]\d* (created|updated|replaced|deleted)/);
    }
    expect(await drifted()).toEqual([]);
  },
  30 * minutes,
);

test(
  "somebody's own edits are no drift; ours that were removed, cut off or changed are, and up repairs them",
  async () => {
    writeFileSync(place("home/.profile"), `# added by hand\n${text("home/.profile")}`);
    expect(await drifted()).toEqual([]);
    rmSync(place("home/settings.json"));
    truncateSync(place("etc/docker/daemon.json"), 0);
    writeFileSync(place("etc/wsl.conf"), text("etc/wsl.conf").replace(/systemd = true/, "systemd = false"));
    expect(await drifted()).toEqual([
      "file-daemon.json changed",
      "file-settings.json missing",
      "file-wsl.conf changed",
    ]);
    await bench.succeed("up", "--yes");
    expect(await drifted()).toEqual([]);
    expect(text("etc/wsl.conf")).toMatch(/systemd = true/);
    expect(JSON.parse(text("etc/docker/daemon.json"))["live-restore"]).toBe(true);
  },
  10 * minutes,
);

const container = () => `gows-${bench.stack}-hello`;

/** Which programs in the container come through to a server whose certificate `root` signed, there on its loopback. */
async function reach({ leaf }: ReturnType<typeof authority>): Promise<string[]> {
  const script = `set -u
cd "$(mktemp -d)"
printf '%s' "$CERT" >cert.pem; printf '%s' "$KEY" >key.pem
openssl s_server -accept 127.0.0.1:44318 -cert cert.pem -key key.pem -www -quiet >/dev/null 2>&1 &
server=$!
tries=0
until openssl s_client -connect 127.0.0.1:44318 </dev/null >/dev/null 2>&1 || [ $tries -ge 100 ]; do tries=$((tries + 1)); done
curl -sS --max-time 8 https://127.0.0.1:44318/ >/dev/null 2>&1 && echo curl
git ls-remote https://127.0.0.1:44318/x 2>&1 | grep -qi certificate || echo git
GOPROXY=https://127.0.0.1:44318 GONOSUMDB='*' GOFLAGS=-modcacherw go list -m example.test/x@v1.0.0 2>&1 | grep -qi x509 || echo go
kill $server`;
  const args = ["exec", "-e", `CERT=${leaf.cert}`, "-e", `KEY=${leaf.key}`, container(), "/bin/sh", "-c", script];
  return (await bench.docker(...args)).split("\n").filter((line) => line !== "");
}

test(
  "a root that comes and goes reaches the running container, which stays the same",
  async () => {
    const root = authority("Integration Root");
    const id = await bench.docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", container());
    expect(await reach(root)).toEqual([]);
    writeFileSync(join(bench.folder, "root.pem"), root.pem);
    await bench.configure(["go-workstation:hostSync"], {
      mode: "staged",
      roots: { files: [join(bench.folder, "root.pem")] },
    });
    expect((await bench.drift()).code).toBe(2);
    await bench.succeed("up", "--yes");
    expect(await reach(root)).toEqual(["curl", "git", "go"]);
    const staged = join(bench.checkout, ".workstation", bench.stack, "machine/usr/local/share/ca-certificates");
    const [file = ""] = readdirSync(staged);
    expect(file).toMatch(/integration-root-[0-9a-f]{12}\.crt$/);
    rmSync(join(staged, file));
    expect(await drifted()).toEqual(["trust-anchors changed"]);
    await bench.succeed("up", "--yes");
    expect(await drifted()).toEqual([]);
    const again = await bench.succeed("up", "--yes");
    expect(again.stdout).toMatch(/Nothing changed since the last run/);
    const doctor = JSON.parse((await bench.workstation("doctor", "--json")).stdout) as {
      checks: { id: string; status: string }[];
    };
    expect(
      doctor.checks.filter(({ id }) => /^(trust-(list|proof)|go-tools)$/.test(id)).map(({ status }) => status),
    ).toEqual(["pass", "pass", "pass"]);
    await bench.configure(["go-workstation:hostSync"], { mode: "staged" });
    await bench.succeed("up", "--yes");
    expect(await reach(root)).toEqual([]);
    expect(await bench.docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", container())).toBe(id);
    expect(await drifted()).toEqual([]);
  },
  10 * minutes,
);

test(
  "Go on the machine: a project's shell has its release and tools, and what is tampered with is put right",
  async () => {
    const { stdout: lines } = await bench.succeed("env", "--project", "hello");
    const shell = (script: string): string =>
      execFileSync("sh", ["-c", `${lines}\n${script}`], { encoding: "utf8" }).trim();
    expect(shell("go version")).toMatch(/^go version go1\.22\.6 /);
    const gopls = shell("command -v gopls");
    expect(gopls).toBe(join(bench.folder, "go/go1.22.6-tools/bin/gopls"));
    expect(shell(`go version -m ${gopls}`)).toMatch(/\tmod\tgolang\.org\/x\/tools\/gopls\tv0\.16\.2\th1:/);
    writeFileSync(gopls, "#!/bin/sh\n");
    rmSync(join(bench.folder, "go/go1.22.6/bin/gofmt"));
    expect(await drifted()).toEqual(["go-1.22.6 changed", "go-1.22.6-gopls changed"]);
    await bench.succeed("up", "--yes");
    expect(await drifted()).toEqual([]);
    expect(shell("gopls version; gofmt -l .")).toContain("v0.16.2");
  },
  10 * minutes,
);

test(
  "what waits for a restart is told, and nothing is restarted for an answer given in advance",
  async () => {
    const { pending, restart } = JSON.parse((await bench.succeed("up", "--yes", "--json")).stdout) as Record<
      string,
      unknown[]
    >;
    // Staged files run nowhere, so that nothing waits for them.
    expect([pending, restart]).toEqual([[], []]);
  },
  5 * minutes,
);

test(
  "destroy gives every file back byte for byte, and takes out only our keys where a person has edited since",
  async () => {
    writeFileSync(place("home/settings.json"), text("home/settings.json").replace("Solarized", "Monokai"));
    await bench.succeed("destroy", "--yes");
    for (const [name, { text: before, mode }] of Object.entries(messy)) {
      const expected =
        name === "home/settings.json"
          ? before.replace("Solarized", "Monokai")
          : name === "home/.profile"
            ? `# added by hand\n${before}`
            : before;
      expect([name, text(name), statSync(place(name)).mode & 0o777]).toEqual([name, expected, mode]);
    }
    expect(readdirSync(place("etc")).sort()).toEqual(["docker", "wsl.conf"]);
    expect(existsSync(join(bench.folder, "go"))).toBe(false);
    expect(existsSync(join(bench.checkout, ".workstation", bench.stack))).toBe(false);
    expect(await bench.leftovers()).toEqual([]);
  },
  5 * minutes,
);
