/** What every command gets: where things are, what was asked for globally, and the terminal. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { folders } from "../provider/folders.ts";
import { CliError } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

export interface Globals {
  stack?: string;
  json: boolean;
  yes: boolean;
  color: boolean;
}

export interface Context {
  /** The checkout: where Pulumi.yaml is. */
  root: string;
  /** The checkout's git-ignored folder for generated files. */
  local: string;
  cacheDir: string;
  stateDir: string;
  env: NodeJS.ProcessEnv;
  globals: Globals;
  terminal: Terminal;
  /** Writes a result to stdout. */
  print: (text: string) => void;
}

export function createContext(globals: Globals, terminal: Terminal): Context {
  const root = join(import.meta.dirname, "..");
  const { cache, state } = folders(process.env, homedir());
  return {
    root,
    local: join(root, ".workstation"),
    cacheDir: cache,
    stateDir: state,
    env: process.env,
    globals,
    terminal,
    print: (text) => process.stdout.write(`${text}\n`),
  };
}

const STACK_NAME = /^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$/;

export function checkStackName(name: string, where: string): string {
  if (name === "dev") {
    throw new CliError(
      `${where}: "dev" is the team's default (Pulumi.dev.yaml), which no command writes to. Take a name of your own.`,
    );
  }
  if (!STACK_NAME.test(name)) {
    throw new CliError(
      `${where}: ${JSON.stringify(name)} is not a stack name: 2 to 40 characters, lower-case letters, digits and dashes.`,
    );
  }
  return name;
}

/** The stack that a command works on, where one was chosen already: `--stack`, PULUMI_STACK, this checkout's default. */
export function chosenStack(context: Pick<Context, "globals" | "env" | "local">): string | undefined {
  if (context.globals.stack !== undefined) return checkStackName(context.globals.stack, "--stack");
  if (context.env.PULUMI_STACK) return checkStackName(context.env.PULUMI_STACK, "PULUMI_STACK");
  const file = join(context.local, "stack");
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
  return text === "" ? undefined : checkStackName(text, file);
}

/** For commands that need a stack that is there. */
export function requireStack(context: Context): string {
  const name = chosenStack(context);
  if (name === undefined) {
    throw new CliError("There is no workstation in this checkout yet. `./workstation up` makes one.");
  }
  return name;
}

export function stackFile(context: Pick<Context, "root">, stack: string): string {
  return join(context.root, `Pulumi.${stack}.yaml`);
}
