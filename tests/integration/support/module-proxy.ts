/** A stack with a module proxy, as a developer uses it: from the project's container, with an empty module cache each time. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filesBelow, textsForOthers } from "./helpers.ts";
import type { Result, Workbench } from "./workbench.ts";

export class ModuleProxyBench {
  readonly bench: Workbench;

  constructor(bench: Workbench) {
    this.bench = bench;
  }

  named(role: string): string {
    return `gows-${this.bench.stack}-${role}`;
  }

  /** A project `shop`, and a stack file with nothing in it but that and where modules come from. */
  async project(goEnv: Record<string, string>): Promise<void> {
    const { bench } = this;
    const project = join(bench.folder, "shop");
    mkdirSync(project);
    writeFileSync(join(project, "go.mod"), "module example.com/shop\n\ngo 1.22\n\nrequire rsc.io/quote v1.5.2\n");
    writeFileSync(
      join(project, "main.go"),
      'package main\n\nimport "rsc.io/quote"\n\nfunc main() { println(quote.Hello()) }\n',
    );
    writeFileSync(bench.stackFile, "config:\n  go-workstation:image:\n    source: bootstrap\n");
    await bench.configure(["go-workstation:projects"], [{ path: project }]);
    await bench.configure(["go-workstation:smokeTest"], { enabled: false });
    await bench.configure(["go-workstation:go"], { env: goEnv });
    const lab = { resource: "*", owner: "these tests", reason: "the upstream of the lab is plain http" };
    const exemptions = [{ ...lab, rule: "go-proxy-tls", until: "2999-12-31" }];
    writeFileSync(join(bench.checkout, "policy.config.yaml"), JSON.stringify({ exemptions }));
  }

  /** In the developer's container, in a folder of its own. */
  async inside(script: string): Promise<Result> {
    const prepared = `cd "$(mktemp -d)" && export GOMODCACHE="$PWD/mod" GOFLAGS=-modcacherw && ${script}`;
    return await this.bench.workstation("exec", "shop", "--", "sh", "-c", prepared);
  }

  async succeeds(script: string): Promise<string> {
    const { code, stdout, stderr } = await this.inside(script);
    if (code !== 0) throw new Error(`${script}: exit ${code}\n${stdout}\n${stderr}`);
    return stdout;
  }

  async setCredential(host: string, secret: string, ...further: string[]): Promise<void> {
    const { bench } = this;
    const args = ["credential", "set", host, "--stack", bench.stack, ...further];
    const child = spawn(join(bench.checkout, "workstation"), args, {
      cwd: bench.checkout,
      env: bench.environment,
      stdio: ["pipe", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.stdin.end(`${secret}\n`);
    const code = await new Promise((resolve) => child.once("close", resolve));
    if (code !== 0) throw new Error(said);
  }

  async healthy(): Promise<boolean> {
    const format = "{{.State.Status}} {{.State.Health.Status}}";
    return (await this.bench.docker("inspect", "--format", format, this.named("goproxy"))) === "running healthy";
  }

  /** What the proxy's clients sign in with. */
  password(): string {
    const netrc = readFileSync(join(this.bench.checkout, `.workstation/${this.bench.stack}/secrets/dev/netrc`), "utf8");
    const password = /password (\S+)/.exec(netrc)?.[1] ?? "";
    expect(password.length).toBeGreaterThan(20);
    return password;
  }

  /** Everything that others than the owner can read: state, logs, containers, images, processes' arguments, files. */
  async readableByOthers(): Promise<string[]> {
    const { bench } = this;
    const containers = [this.named("goproxy"), this.named("ca"), this.named("shop")];
    return await Promise.all([
      bench.docker("inspect", ...containers),
      ...containers.map((name) => bench.docker("logs", name)),
      bench
        .docker("image", "ls", "--quiet", "--filter", `reference=go-workstation/${bench.stack}/*`)
        .then(async (ids) => bench.docker("image", "inspect", ...ids.split("\n"))),
      bench.docker("top", this.named("goproxy"), "-eo", "pid,args"),
      readFileSync(bench.stackFile, "utf8"),
      ...filesBelow(join(bench.folder, "state")).map((file) => readFileSync(file, "utf8")),
      ...textsForOthers(join(bench.checkout, ".workstation")),
    ]);
  }
}

export const download = (...modules: string[]): string => `go mod download -json ${modules.join(" ")}`;
