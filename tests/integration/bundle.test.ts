/**
 * The air gap, as it is: a bundle of this machine goes to one that has a minimal Debian, no Node, no npm, no Go, no Docker
 * and no network but loopback. That machine is a root folder in namespaces of its own; its dockerd runs in there.
 */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { folders } from "../../provider/folders.ts";
import { freePort } from "../labs/server.ts";
import { Workbench } from "./support/workbench.ts";

const run = promisify(execFile);
const minutes = 60_000;
const script = join(__dirname, "support", "machine-without-network.sh");

const app = {
  "go.mod": `module example.com/app

go 1.22

require (
	github.com/google/uuid v1.6.0
	rsc.io/quote v1.5.2
)

require (
	golang.org/x/text v0.0.0-20170915032832-14c0d48ead0c // indirect
	rsc.io/sampler v1.3.0 // indirect
)
`,
  "go.sum": `github.com/google/uuid v1.6.0 h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=
github.com/google/uuid v1.6.0/go.mod h1:TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo=
golang.org/x/text v0.0.0-20170915032832-14c0d48ead0c h1:qgOY6WgZOaTkIIMiVjBQcw93ERBE4m30iBm00nkL0i8=
golang.org/x/text v0.0.0-20170915032832-14c0d48ead0c/go.mod h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ=
rsc.io/quote v1.5.2 h1:w5fcysjrx7yqtD/aO+QwRjYZOKnaM9Uh2b40tElTs3Y=
rsc.io/quote v1.5.2/go.mod h1:LzX7hefJvL54yjefDEDHNONDjII0t9xZLPXsUe+TKr0=
rsc.io/sampler v1.3.0 h1:7uVkIFmeBqHfdjD+gZwtXXI+RODJ2Wc4O7MPEh/QiW4=
rsc.io/sampler v1.3.0/go.mod h1:T1hPZKmBbMNahiBKFy5HrXp6adAjACjK9JXDnKaTXpA=
`,
  "main.go": `package main

import (
	"fmt"

	"github.com/google/uuid"
	"rsc.io/quote"
)

func main() { fmt.Println(quote.Hello(), len(uuid.NewString())) }
`,
};

/** Commands of that machine, by the name under which their output and code are kept. */
const steps = (fingerprint: string): Record<string, string> => ({
  tools: "! command -v node && ! command -v npm && ! command -v go && ! command -v dockerd",
  network: "grep -v ^Iface /proc/net/route",
  refused: "./workstation up --yes --bundle /root/w.bundle",
  nothing: "ls -A ~/.cache/go-workstation; ls -d node_modules",
  up: `./workstation up --yes --bundle /root/w.bundle --signer ${fingerprint}`,
  build: "./workstation exec app -- sh -c 'go build -o /tmp/app . && /tmp/app'",
  tidy: "cp /root/app/go.sum /root/before && ./workstation exec app -- sh -c 'rm go.sum && go mod tidy' && cmp /root/app/go.sum /root/before",
  verify: "./workstation exec app -- go mod verify",
  proxied:
    "./workstation exec app -- sh -c 'echo $GOPROXY $GONOPROXY' && docker inspect --format '{{.State.Health.Status}}' gows-root-goproxy",
  unknown: "./workstation exec app -- go get rsc.io/pdf@v0.1.1",
  again: "./workstation up --yes",
  drift: "./workstation drift",
  // The same modules without the module proxy: from the folder itself.
  plain:
    "sed -i 's/mode: local/mode: \"off\"/' Pulumi.root.yaml && ./workstation up --yes && ./workstation exec app -- sh -c 'echo $GOPROXY'",
  fromFolder:
    "./workstation exec app -- sh -c 'GOMODCACHE=/tmp/other GOFLAGS=-modcacherw; export GOMODCACHE GOFLAGS; go build -o /tmp/app . && /tmp/app && go mod verify'",
  destroy: "./workstation destroy --yes",
  left: "docker ps -aq; docker volume ls -q; docker image ls -q; docker network ls --filter name=gows -q",
});

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
}, 3 * minutes);
afterAll(async () => bench.close(), 3 * minutes);

/** A minimal Debian: the base layer of our own images, which has neither Node nor Docker. */
function makeMachine(): string {
  const layers = join(folders(bench.environment, homedir()).cache, "layers");
  const key = readdirSync(layers).find((name) => {
    const meta = join(layers, name, "meta.json");
    return existsSync(meta) && readFileSync(meta, "utf8").includes('"title":"Debian bookworm"');
  });
  if (key === undefined) throw new Error(`${layers} has no base layer, although a bundle was made`);
  const machine = join(bench.folder, "machine");
  mkdirSync(machine);
  execFileSync("tar", ["-xpf", join(layers, key, "layer.tar"), "-C", machine]);
  return machine;
}

function fillMachine(machine: string, commands: Record<string, string>): void {
  const home = join(machine, "root");
  mkdirSync(join(home, "app"));
  for (const [name, content] of Object.entries(app)) writeFileSync(join(home, "app", name), content);
  execFileSync("chown", ["-R", "1000:1000", join(home, "app")]);
  execFileSync("git", ["clone", "-q", bench.checkout, join(home, "checkout")]);
  mkdirSync(join(home, "out"));
  const lines = Object.entries(commands).map(
    ([name, command]) => `( ${command} ) >/root/out/${name} 2>&1; echo $? >/root/out/${name}.code`,
  );
  writeFileSync(join(home, "try.sh"), `cd /root/checkout\n${lines.join("\n")}\n`);
}

test(
  "a bundle brings a whole workstation up on a bare machine without any network",
  async () => {
    const settings = join(bench.checkout, "Pulumi.dev.yaml");
    const team = readFileSync(settings, "utf8");
    const changed = team
      .replace("    - path: examples/hello\n", "    - path: /root/app\n")
      .replace("enabled: true", "enabled: false")
      .concat(`  go-workstation:goProxy:\n    mode: local\n    port: ${await freePort()}\n`);
    expect(changed).not.toBe(team);
    writeFileSync(settings, changed);
    await bench.git("-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "-qam", "settings");
    const project = join(bench.folder, "app");
    mkdirSync(project);
    for (const [name, content] of Object.entries(app)) writeFileSync(join(project, name), content);
    const file = join(bench.folder, "w.bundle");
    const made = await bench.succeed(
      "bundle",
      "--yes",
      "--json",
      "--projects",
      project,
      "--projects",
      join(bench.checkout, "examples/hello"),
      "--out",
      file,
    );
    const { signer, purpose } = JSON.parse(made.stdout) as { signer: string; purpose: { modules: number } };
    expect(purpose.modules).toBeGreaterThan(4);

    const machine = makeMachine();
    const commands = steps(signer);
    fillMachine(machine, commands);
    execFileSync("ln", [file, join(machine, "root", "w.bundle")]);
    const env = {
      HOME: "/root",
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      LANG: "C.UTF-8",
      NO_COLOR: "1",
    };
    await run(script, [machine, "/bin/sh", "/root/try.sh"], { env, maxBuffer: 1 << 26 });

    const said = (name: string): string => readFileSync(join(machine, "root/out", name), "utf8");
    const codes = Object.fromEntries(Object.keys(commands).map((name) => [name, Number(said(`${name}.code`))]));
    const failed = Object.keys(commands).filter((name) => codes[name] !== 0);
    const words = failed.map((name) => `${name}:\n${said(name)}`).join("\n");
    expect({ failed, words }).toEqual({ failed: ["network", "refused", "nothing", "unknown"], words });
    expect(said("refused")).toContain(`not trusted here: ${signer}`);
    expect(said("nothing")).toMatch(/^install\.lock\nls: cannot access 'node_modules'/);
    expect(said("up")).toMatch(/trusted from now on; \d+ of \d+ parts were missing here/);
    expect(said("up")).toMatch(/Settings: written to Pulumi\.root\.yaml/);
    expect(said("build")).toContain("Ahoy, world! 36");
    expect(said("verify")).toContain("all modules verified");
    expect(said("proxied")).toMatch(/^https:\/\/goproxy\.gows-root\.internal:8443 none\nhealthy$/m);
    expect(said("unknown")).toMatch(/rsc\.io\/pdf/);
    expect(said("plain")).toMatch(/^file:\/\/\/usr\/local\/share\/go-proxy\/0$/m);
    expect(said("fromFolder")).toContain("Ahoy, world! 36");
    expect(said("again")).toContain("Nothing changed since the last run");
    expect(said("left")).toBe("");
  },
  12 * minutes,
);
