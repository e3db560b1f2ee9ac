/** Values for the parameters of an export: passed, known of this person and machine, or asked for. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { answerProblem } from "../../domain/export/apply.ts";
import type { Parameter } from "../../domain/export/make.ts";
import type { Personal } from "../../domain/export/personal.ts";
import { askHidden, type SecretInput } from "../credentials/ask.ts";
import { CliError, messageOf } from "../errors.ts";

export interface Given {
  /** `NAME=VALUE`. */
  set: readonly string[];
  /** `NAME=FILE`: the value is what the file holds, without the end of its last line. */
  setFile: readonly string[];
}

/** Undefined where there is no terminal. */
export interface Asker {
  ask: (question: string) => Promise<string>;
  askSecret: (question: string) => Promise<string>;
}

export type Answers = Map<string, string | undefined>;

/** What was passed on the command line, and warnings about it. */
export function givenAnswers(parameters: readonly Parameter[], given: Given): { answers: Answers; warnings: string[] } {
  const answers: Answers = new Map();
  const warnings: string[] = [];
  const put = (name: string, value: string, option: string): void => {
    const parameter = parameters.find((known) => known.name === name);
    if (parameter === undefined) {
      const known = parameters.map((known) => known.name).join(", ");
      throw new CliError(
        `${option} ${name}: the export has no such parameter. It has: ${known === "" ? "none" : known}.`,
      );
    }
    if (answers.has(name)) throw new CliError(`${option} ${name}: is given twice.`);
    const left = value === "" && parameter.secret === true;
    const problem = left ? undefined : answerProblem(parameter, value);
    if (problem !== undefined) throw new CliError(`${option} ${name}: ${problem}.`);
    answers.set(name, left ? undefined : value);
  };
  for (const entry of given.set) {
    const [name, value] = split(entry, "--set");
    put(name, value, "--set");
    if (answers.get(name) !== undefined && parameters.some((known) => known.name === name && known.secret === true)) {
      warnings.push(
        `--set ${name}: everybody on this machine could see that secret in the list of processes; --set-file ${name}=FILE does not show it.`,
      );
    }
  }
  for (const entry of given.setFile) {
    const [name, file] = split(entry, "--set-file");
    put(name, readValue(name, file), "--set-file");
  }
  return { answers, warnings };
}

function split(entry: string, option: string): [string, string] {
  const at = entry.indexOf("=");
  // Not repeated: it can be a secret.
  if (at < 1) throw new CliError(`${option}: must be NAME=${option === "--set" ? "VALUE" : "FILE"}.`);
  return [entry.slice(0, at), entry.slice(at + 1)];
}

function readValue(name: string, file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new CliError(`--set-file ${name}: ${file} cannot be read (${messageOf(error)}).`);
  }
}

/** Values that an export names, and that are this person's and this machine's own. */
export const knownAnswers = ({ root, home, user, hostname, name, email }: Personal): ReadonlyMap<string, string> =>
  new Map(Object.entries({ checkout: root, home, user, hostname, name, email }).filter(([, value]) => value !== ""));

export async function gatherAnswers(
  parameters: readonly Parameter[],
  given: Answers,
  known: ReadonlyMap<string, string>,
  asker: Asker | undefined,
): Promise<Answers> {
  const answers: Answers = new Map(given);
  const open: Parameter[] = [];
  for (const parameter of parameters) {
    if (answers.has(parameter.name)) continue;
    const value = parameter.secret === true ? undefined : known.get(parameter.name);
    if (value !== undefined) answers.set(parameter.name, value);
    else open.push(parameter);
  }
  if (open.length > 0 && asker === undefined) {
    const lines = open.map(({ name, description, secret }) =>
      secret === true
        ? `  --set-file ${name}=FILE   ${description} (secret; --set ${name}= leaves it out)`
        : `  --set ${name}=VALUE   ${description}`,
    );
    throw new CliError(
      `The export asks for values, and nobody can be asked here (no terminal). Pass them:\n${lines.join("\n")}`,
    );
  }
  for (const parameter of open) answers.set(parameter.name, await askFor(parameter, asker as Asker));
  return answers;
}

async function askFor(parameter: Parameter, asker: Asker): Promise<string | undefined> {
  const { name, description, secret } = parameter;
  for (let complaint = ""; ; ) {
    const question = `${complaint}${name} - ${description}${secret === true ? " (nothing is shown; empty leaves it out)" : ""}: `;
    const answer = await (secret === true ? asker.askSecret(question) : asker.ask(question));
    if (secret === true && answer === "") return undefined;
    const problem = answer === "" ? "must not be empty" : answerProblem(parameter, answer);
    if (problem === undefined) return answer;
    complaint = `${name}: ${problem}.\n`;
  }
}

/** The person at the terminal; undefined when there is none. */
export function terminalAsker(
  input: SecretInput & NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Asker | undefined {
  if (input.isTTY !== true) return undefined;
  return {
    ask: async (question) => {
      const lines = createInterface({ input, output });
      try {
        return (await lines.question(question)).trim();
      } finally {
        lines.close();
      }
    },
    askSecret: async (question) => await askHidden(input, (text) => output.write(text), question),
  };
}
