/** Runs a fixture program through the real engine with the pack, on a backend of its own. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const ROOT = join(__dirname, "../..");
export const STACK = `policytest${process.pid}`;

export interface Violation {
  policy: string;
  level: string;
  resource: string;
  /** Without the rule's title and its advice. */
  says: string;
}

export interface Outcome {
  status: number | null;
  output: string;
  violations: Violation[];
}

const onPath = (path: string | undefined, file: string): boolean =>
  (path ?? "").split(delimiter).some((folder) => existsSync(join(folder, file)));

/** The engine on PATH, else the one that the command line knows. */
function engineEnvironment(): Record<string, string | undefined> {
  if (onPath(process.env.PATH, "pulumi")) return process.env;
  const asked = spawnSync("sh", ["-c", 'eval "$(./workstation env)" && env -0'], { cwd: ROOT, encoding: "utf8" });
  const env = Object.fromEntries(
    (asked.stdout ?? "")
      .split("\0")
      .filter((entry) => entry.includes("="))
      .map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
  if (!onPath(env.PATH, "pulumi")) {
    throw new Error(
      `no pulumi on PATH, and \`./workstation env\` knows none: run \`./workstation up --yes\` once.\n${asked.stderr}`,
    );
  }
  return env;
}

interface EngineEvent {
  policyEvent?: { resourceUrn: string; policyName: string; enforcementLevel: string; message: string };
}

function readViolations(log: string): Violation[] {
  return violationsIn(
    readFileSync(log, "utf8")
      .split("\n")
      .filter((line) => line !== ""),
  );
}

function violationsIn(events: readonly string[]): Violation[] {
  return events
    .map((line) => (JSON.parse(line) as EngineEvent).policyEvent)
    .filter((event) => event !== undefined)
    .map(({ resourceUrn, policyName, enforcementLevel, message }) => ({
      policy: policyName,
      level: enforcementLevel,
      resource: resourceUrn.slice(resourceUrn.lastIndexOf("::") + 2),
      says: said(message),
    }));
}

/** `<colour>title\nwhat is wrong\nFix: advice<reset>` */
function said(message: string): string {
  const [, ...rest] = message
    .replace(/<\{%[^%]*%\}>/g, "")
    .trimEnd()
    .split("\n");
  return rest.filter((line) => !line.startsWith("Fix: ")).join("\n");
}

/** An engine's judgement over a stack as an export: no program, no provider. `team` is a policy.config.yaml. */
export function analyze(stack: string, team: object): Outcome {
  const folder = mkdtempSync(join(tmpdir(), "go-workstation-analyze-"));
  try {
    const [exported, config] = [join(folder, "stack.json"), join(folder, "policy.config.yaml")];
    writeFileSync(exported, stack);
    writeFileSync(config, JSON.stringify(team));
    const env = {
      ...engineEnvironment(),
      WORKSTATION_POLICY_CONFIG: config,
      PULUMI_BACKEND_URL: `file://${folder}`,
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
    const args = ["policy", "analyze", "--file", exported, "--policy-pack", join(ROOT, "policy"), "--json"];
    const done = spawnSync("pulumi", args, { cwd: folder, env, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
    return {
      status: done.status,
      output: `${done.stdout}${done.stderr}`,
      violations: violationsIn(done.stdout.split("\n").filter((line) => line.startsWith("{"))),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export class Engine {
  readonly #program: string;
  // First: without an engine there is nothing to clean up.
  readonly #found = engineEnvironment();
  readonly #folder = mkdtempSync(join(tmpdir(), "go-workstation-policy-"));
  readonly #env: Record<string, string | undefined>;

  constructor(fixture: string) {
    this.#program = join(__dirname, "fixtures", fixture);
    const passphrase = join(this.#folder, "passphrase");
    writeFileSync(passphrase, "only for this test\n", { mode: 0o600 });
    this.#env = {
      ...this.#found,
      PULUMI_BACKEND_URL: `file://${this.#folder}`,
      PULUMI_CONFIG_PASSPHRASE_FILE: passphrase,
      PULUMI_CONFIG_PASSPHRASE: undefined,
      PULUMI_STACK: undefined,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // Without it the engine has no --event-log, and --json leaves policy events out.
      PULUMI_DEBUG_COMMANDS: "true",
    };
    this.#run(["stack", "init", STACK, "--non-interactive"]);
  }

  #run(args: string[]): string {
    return execFileSync("pulumi", args, { cwd: this.#program, env: this.#env, encoding: "utf8", stdio: "pipe" });
  }

  /** `operation` with the pack; `config` is what `--policy-pack-config` takes, `team` a policy.config.yaml. */
  judge(operation: "preview" | "up", config?: object, team?: object): Outcome {
    const log = join(this.#folder, "events.json");
    rmSync(log, { force: true });
    const args = [
      operation,
      "-s",
      STACK,
      "--non-interactive",
      "--policy-pack",
      join(ROOT, "policy"),
      "--event-log",
      log,
    ];
    if (operation === "up") args.push("--yes", "--skip-preview");
    if (config !== undefined) {
      const file = join(this.#folder, "policy-config.json");
      writeFileSync(file, JSON.stringify(config));
      args.push("--policy-pack-config", file);
    }
    const file = join(this.#folder, "policy.config.yaml");
    if (team !== undefined) writeFileSync(file, JSON.stringify(team));
    const env = { ...this.#env, WORKSTATION_POLICY_CONFIG: team === undefined ? undefined : file };
    const done = spawnSync("pulumi", args, { cwd: this.#program, env, encoding: "utf8" });
    return {
      status: done.status,
      output: `${done.stdout}${done.stderr}`,
      violations: existsSync(log) ? readViolations(log) : [],
    };
  }

  /** What the last update made, by name. */
  made(): string[] {
    const state = JSON.parse(this.#run(["stack", "export", "-s", STACK])) as {
      deployment: { resources?: { urn: string; type: string }[] };
    };
    return (state.deployment.resources ?? [])
      .filter(({ type }) => !type.startsWith("pulumi:"))
      .map(({ urn }) => urn.slice(urn.lastIndexOf("::") + 2));
  }

  close(): void {
    try {
      this.#run(["destroy", "-s", STACK, "--yes", "--non-interactive"]);
    } finally {
      rmSync(join(this.#program, `Pulumi.${STACK}.yaml`), { force: true });
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }
}
