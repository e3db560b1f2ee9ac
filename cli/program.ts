/** All commands with their arguments: one table, from which help and shell completion come too. */
import tab from "@bomb.sh/tab/commander";
import { Command, type CommanderError, InvalidArgumentError } from "commander";
import type { Context, Globals } from "./context.ts";
import { CliError, exitCodes } from "./errors.ts";

type Handler<O> = (context: Context, options: O, ...args: never[]) => Promise<number>;
type SetCode = (code: number) => void;

/** Every command takes these, before or after its name. */
function withGlobals(command: Command): Command {
  return command
    .option("-s, --stack <name>", "stack to work on (default: this checkout's own)")
    .option("--json", "print the result as JSON")
    .option("-y, --yes", "agree to everything that would be asked")
    .option("--no-color", "plain text");
}

function globalsOf(command: Command): Globals {
  const outer = command.parent === null ? {} : command.parent.optsWithGlobals();
  const all = { ...outer, ...definedOnly(command.opts()) } as Record<string, unknown>;
  const plain = command.opts().color === false || outer.color === false || Boolean(process.env.NO_COLOR);
  return {
    ...(typeof all.stack === "string" ? { stack: all.stack } : {}),
    json: all.json === true,
    yes: all.yes === true,
    color: !plain && process.stderr.isTTY === true,
  };
}

function definedOnly(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

async function open(command: Command): Promise<Context> {
  const [{ createContext }, { openTerminal }] = await Promise.all([import("./context.ts"), import("./terminal.ts")]);
  const globals = globalsOf(command);
  return createContext(globals, openTerminal(globals.color));
}

function number(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError(`${JSON.stringify(text)} is not a whole number.`);
  return Number(text);
}

const several = (text: string, before: string[] = []): string[] => [...before, text];

export function createProgram(setCode: SetCode): Command {
  const program = new Command("workstation");
  withGlobals(program)
    .description("A Go development workstation: one command to get it, one to prove it, one to undo it.")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show help for a command")
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride((error) => {
      throw toCliError(error);
    })
    .configureOutput({ outputError: () => {} });

  const add = <O>(
    definition: string,
    description: string,
    load: () => Promise<Handler<O>>,
    parent: Command = program,
    define: (command: Command) => Command = (command) => command,
  ): Command => {
    const command = define(withGlobals(parent.command(definition).description(description)));
    return command.action(async (...received: unknown[]) => {
      const args = received.slice(0, -2) as never[];
      const context = await open(command);
      const run = await load();
      setCode(await run(context, command.opts() as O, ...args));
    });
  };

  add(
    "up",
    "do all set-up that is missing, then make the workstation or repair it",
    async () => (await import("./commands/up.ts")).up,
    program,
    (command) =>
      command
        .option("--bundle <file>", "take all that is needed from this file, and nothing from a network")
        .option("--signer <fingerprint>", "with --bundle: trust this key, which you compared, from now on")
        .option("--allow-unsigned", "with --bundle: use it although nobody known has signed it")
        .option("--full", "run the engine even when nothing changed since the last run")
        .option("--restart", "restart what waits for it (Docker, WSL) without a question, as the last act"),
  );
  add(
    "bundle",
    "put all that another machine needs for this workstation, without a network, into one file",
    async () => (await import("./commands/bundle.ts")).bundle,
    program,
    (command) =>
      command
        .option("--projects <dir...>", "projects whose modules go in, beside those in the settings")
        .option("--out <file>", "the file to write")
        .option("--unsigned", "do not sign it"),
  );
  add(
    "trust-key [file]",
    "trust the key in a file (a public key, or a bundle); without one list the keys",
    async () => (await import("./commands/trust-key.ts")).trustKey,
    program,
    (command) => command.option("--remove <fingerprint>", "trust that key no longer"),
  );
  add(
    "test",
    "run all tests",
    async () => (await import("./commands/test.ts")).test,
    program,
    (command) => command.option("--soak", "the long ones too"),
  );
  add(
    "drift",
    "compare settings, last state and reality; change nothing (exit 2: something differs)",
    async () => (await import("./commands/drift.ts")).drift,
    program,
    (command) =>
      command
        .option("--install-timer", "look on a schedule from now on (systemd or cron)")
        .option("--every <interval>", "with --install-timer: 5m to 7d (default: 1h)")
        .option("--remove-timer", "stop looking on a schedule")
        .option("--last", "show the last result and its age; exit code as it was"),
  );
  add(
    "policy",
    "judge the stack, or an export of one, by the policy pack (exit 3: a mandatory rule is violated)",
    async () => (await import("./commands/policy.ts")).policy,
    program,
    (command) =>
      command
        .option("--file <export>", "what `pulumi stack export` wrote (- is stdin); without it the stack's state")
        .option("--format <format>", "table, json, sarif or junit")
        .option("--out <file>", "write the report there")
        .option("--config <file>", "levels, options and exemptions (default: policy.config.yaml)"),
  );
  add(
    "evidence",
    "write one file that says what the stack is and whether it keeps the rules, for others to verify",
    async () => (await import("./commands/evidence.ts")).evidence,
    program,
    (command) =>
      command
        .requiredOption("--out <file>", "the file to write")
        .option("--key <file>", "the SSH key to sign with (default: the first of yours in ~/.ssh)")
        .option("--unsigned", "do not sign it"),
  );
  add(
    "verify <file>",
    "check such a file, also on another machine and without a network (exit 3: something does not hold)",
    async () => (await import("./commands/verify.ts")).verify,
    program,
    (command) => command.option("--allow-unsigned", "take it although nobody known has signed it"),
  );
  add(
    "doctor",
    "check this machine against the settings; change nothing",
    async () => (await import("./commands/doctor.ts")).doctor,
    program,
    (command) => command.option("--deep", "build and test the example in its container too"),
  );
  add(
    "shell <project>",
    "open a shell in a project's container",
    async () => (await import("./commands/exec.ts")).shell,
  );
  add(
    "exec <project> [command...]",
    "run a command in a project's container: exec PROJECT -- COMMAND",
    async () => (await import("./commands/exec.ts")).exec,
  );
  add(
    "logs [name]",
    "show what a project's container, or all of them, wrote",
    async () => (await import("./commands/logs.ts")).logs,
    program,
    (command) =>
      command
        .option("-f, --follow", "go on with what comes")
        .option("-n, --tail <lines>", "only the last lines", number),
  );
  const project = withGlobals(program.command("project").description("the projects in your stack file"));
  const projects = async () => await import("./commands/project.ts");
  add(
    "add <dir>",
    "add a Go project",
    async () => (await projects()).addProject,
    project,
    (command) =>
      command
        .option("--name <name>", "name in commands and of the container (default: the folder's)")
        .option("--go <version>", "one of go.versions (default: the first)"),
  );
  add("remove <name>", "take a project out; its folder stays", async () => (await projects()).removeProject, project);
  add("list", "show the projects", async () => (await projects()).listProjects, project);
  const gosum = withGlobals(program.command("gosum").description("every go.sum that was seen, and what changed since"));
  const gosums = async () => await import("./commands/gosum.ts");
  add(
    "find <module>",
    "where a module was seen with which hash: MODULE, MODULE@VERSION, with * or the beginning of a name",
    async () => (await gosums()).findGoSum,
    gosum,
  );
  add(
    "check",
    "compare the projects' go.sum files with the archive (exit 2: a hash changed)",
    async () => (await gosums()).checkGoSums,
    gosum,
  );
  add("add <file...>", "keep more go.sum files", async () => (await gosums()).addGoSums, gosum);
  add("list", "show what is kept", async () => (await gosums()).listGoSums, gosum);
  const mesh = withGlobals(program.command("mesh").description("encrypted links between the stack's services"));
  add(
    "status",
    "open each link and show what was negotiated (exit 1: one does not hold)",
    async () => (await import("./commands/mesh.ts")).meshStatus,
    mesh,
  );
  const credential = withGlobals(
    program.command("credential").description("passwords and keys of private modules, encrypted in your stack file"),
  );
  const credentials = async () => await import("./commands/credential.ts");
  add(
    "set <host>",
    "store the secret of a host, s3 or redis; asked for, or read from stdin",
    async () => (await credentials()).setCredential,
    credential,
    (command) => command.option("--ssh-key <file>", "a private SSH key instead of a password"),
  );
  add("list", "show for which hosts there is a secret", async () => (await credentials()).listCredentials, credential);
  add("remove <host>", "take a secret out", async () => (await credentials()).removeCredential, credential);
  add(
    "export",
    "write the stack's settings into a file for others, without secrets and personal values",
    async () => (await import("./commands/export.ts")).exportSettings,
    program,
    (command) =>
      command
        .option("--out <file>", "the file to write")
        .option("--key <file>", "SSH key that signs it (default: git's, else ~/.ssh)")
        .option("--unsigned", "do not sign it"),
  );
  add(
    "import <file>",
    "make your own stack file of what somebody exported",
    async () => (await import("./commands/import.ts")).importSettings,
    program,
    (command) =>
      command
        .option("--set <name=value>", "answer for a parameter; may be repeated", several)
        .option("--set-file <name=file>", "the same, from a file: for secrets", several)
        .option("--allow-unsigned", "use it although nobody known has signed it"),
  );
  add("stop", "stop what runs; all data stays", async () => (await import("./commands/power.ts")).stop);
  add("start", "start what was stopped", async () => (await import("./commands/power.ts")).start);
  add(
    "destroy",
    "remove everything that the stack made",
    async () => (await import("./commands/destroy.ts")).destroy,
    program,
    (command) => command.option("--keep-volumes", "keep the module, build and gopls caches"),
  );
  add(
    "uninstall",
    "remove what set-up installed; asks for each",
    async () => (await import("./commands/uninstall.ts")).uninstall,
  );
  add(
    "env",
    'print shell lines after which plain pulumi commands work: eval "$(./workstation env)"',
    async () => (await import("./commands/env.ts")).env,
    program,
    (command) => command.option("--project <name>", "lines for that project's Go outside containers instead"),
  );
  tab(program, { completionCommandName: "completion" });
  return program;
}

/** Help that was asked for is success; a wrong argument is one message. */
function toCliError(error: CommanderError): Error {
  if (error.exitCode === 0) process.exit(exitCodes.success);
  if (error.code === "commander.help") process.exit(exitCodes.error);
  const message = error.message.replace(/^error: /, "");
  if (error.code === "commander.unknownOption" && process.argv.includes("exec") && !process.argv.includes("--")) {
    return new CliError(`${message}\nOptions of the command itself go behind --: ./workstation exec PROJECT -- ls -l`);
  }
  return new CliError(`${message}\n\`./workstation --help\` shows the commands.`);
}
