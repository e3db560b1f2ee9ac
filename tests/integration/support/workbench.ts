/**
 * A place where a test uses the product as a person would: a copy of this checkout, a state folder, a stack and object
 * names of its own. Caches are shared with the machine, because they are content-addressed.
 */
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { parseDocument } from "yaml";

const run = promisify(execFile);
const repository = join(__dirname, "..", "..", "..");

export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

export interface DriftReport {
  checked: number;
  drifted: { urn: string; type: string; name: string; kind: "changed" | "missing" | "pending"; fields: string[] }[];
}

export class Workbench {
  readonly stack = `t${randomBytes(4).toString("hex")}`;
  readonly environment: NodeJS.ProcessEnv;
  readonly folder: string;
  readonly checkout: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.checkout = join(folder, "checkout");
    this.environment = {
      ...process.env,
      WORKSTATION_STATE_DIR: join(folder, "state"),
      WORKSTATION_CONFIG_DIR: join(folder, "config"),
      NO_COLOR: "1",
    };
    delete this.environment.PULUMI_BACKEND_URL;
    delete this.environment.PULUMI_CONFIG_PASSPHRASE;
    delete this.environment.PULUMI_CONFIG_PASSPHRASE_FILE;
  }

  static async open(): Promise<Workbench> {
    const folder = await mkdtemp(join(tmpdir(), "gows-bench-"));
    const bench = new Workbench(folder);
    const listed = await run("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
      cwd: repository,
      maxBuffer: 1 << 26,
    });
    for (const file of listed.stdout.split("\0")) {
      if (file === "" || !existsSync(join(repository, file))) continue;
      await mkdir(dirname(join(bench.checkout, file)), { recursive: true });
      await cp(join(repository, file), join(bench.checkout, file), { verbatimSymlinks: true });
    }
    await symlink(join(repository, "node_modules"), join(bench.checkout, "node_modules"));
    await run("git", ["init", "-q"], { cwd: bench.checkout });
    await run("git", ["add", "-A"], { cwd: bench.checkout });
    const identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
    await run("git", [...identity, "commit", "-q", "-m", "start"], { cwd: bench.checkout });
    return bench;
  }

  /** Runs `./workstation ARGS --stack <ours>` and returns how it ended, whatever that was. */
  async workstation(...args: string[]): Promise<Result> {
    return await this.start(...args).ended;
  }

  /** Like `workstation`, and throws with everything that was printed unless it ended with success. */
  async succeed(...args: string[]): Promise<Result> {
    const result = await this.workstation(...args);
    if (result.code !== 0) {
      throw new Error(`workstation ${args.join(" ")}: exit ${result.code}\n${result.stdout}\n${result.stderr}`);
    }
    return result;
  }

  start(...args: string[]): { pid: number; kill(signal: NodeJS.Signals): void; ended: Promise<Result> } {
    // Right after the command's name: what follows a project's name in `exec` belongs to the command in the container.
    const [command = "", ...rest] = args;
    const child = spawn(join(this.checkout, "workstation"), [command, "--stack", this.stack, ...rest], {
      cwd: this.checkout,
      env: this.environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const ended = new Promise<Result>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve({ code: code ?? (signal ? 128 : 1), stdout, stderr }));
    });
    return { pid: child.pid ?? -1, kill: (signal) => void child.kill(signal), ended };
  }

  async docker(...args: string[]): Promise<string> {
    const { stdout } = await run("docker", args, { env: this.environment, maxBuffer: 1 << 26 });
    return stdout.trim();
  }

  async git(...args: string[]): Promise<string> {
    const { stdout } = await run("git", args, { cwd: this.checkout });
    return stdout.trim();
  }

  /** Neither a plain `up` nor a full one finds anything to do, and nothing has drifted. */
  async upChangesNothing(): Promise<void> {
    for (const args of [
      ["up", "--yes"],
      ["up", "--yes", "--full"],
    ]) {
      const again = await this.succeed(...args);
      expect(`${again.stdout}${again.stderr}`).not.toMatch(/\b[1-9]\d* (created|updated|replaced|deleted)/);
    }
    expect((await this.drift()).report.drifted).toEqual([]);
  }

  async drift(): Promise<{ code: number; report: DriftReport }> {
    const result = await this.workstation("drift", "--json");
    if (result.code !== 0 && result.code !== 2) throw new Error(`drift: exit ${result.code}\n${result.stderr}`);
    return { code: result.code, report: JSON.parse(result.stdout) as DriftReport };
  }

  get stackFile(): string {
    return join(this.checkout, `Pulumi.${this.stack}.yaml`);
  }

  /** Puts a value under `config:` of the person's stack file, as a person would who edits it. */
  async configure(path: (string | number)[], value: unknown): Promise<void> {
    const document = parseDocument(await readFile(this.stackFile, "utf8"));
    document.setIn(["config", ...path], document.createNode(value));
    await writeFile(this.stackFile, document.toString());
  }

  /** Every Docker object that carries our stack's label or name. */
  async leftovers(): Promise<string[]> {
    const name = `gows-${this.stack}`;
    const label = `label=io.go-workstation.stack=${this.stack}`;
    const lists = await Promise.all([
      this.docker("ps", "-a", "--filter", label, "--format", "container {{.Names}}"),
      this.docker("ps", "-a", "--filter", `name=${name}`, "--format", "container {{.Names}}"),
      this.docker("volume", "ls", "--filter", `name=${name}`, "--format", "volume {{.Name}}"),
      this.docker("network", "ls", "--filter", `name=${name}`, "--format", "network {{.Name}}"),
      this.docker("image", "ls", "--filter", `reference=go-workstation/${this.stack}/*`, "--format", "image {{.ID}}"),
    ]);
    return [
      ...new Set(
        lists
          .join("\n")
          .split("\n")
          .filter((line) => line !== ""),
      ),
    ];
  }

  /** Removes what the test made, also after a failure half-way; safe to call twice. */
  async close(): Promise<void> {
    try {
      for (const line of await this.leftovers()) {
        const [kind = "", name = ""] = line.split(" ");
        await this.docker(kind, "rm", "--force", name).catch(() => this.docker(kind, "rm", name));
      }
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}
