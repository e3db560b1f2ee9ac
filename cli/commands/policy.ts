/** `policy`: the rules over a stack that was exported, or over the current one. Needs neither Docker nor a network. */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { judgeStack } from "../../policy/judge.ts";
import { linesOfUrns, parseSnapshot, readDeployment, type Snapshot, SnapshotError } from "../../policy/snapshot.ts";
import { type Context, checkStackName } from "../context.ts";
import { CliError, codeOf, exitCodes, messageOf } from "../errors.ts";
import { loadPolicy } from "../policy/config.ts";
import { decodeText } from "../policy/encoding.ts";
import { countsOf, fails, jsonReport, type PolicyReport } from "../policy/report.ts";

const FORMATS = ["table", "json", "sarif", "junit"] as const;
export type Format = (typeof FORMATS)[number];

export interface PolicyOptions {
  /** An export; `-` is stdin. */
  file?: string;
  format?: string;
  /** Instead of the checkout's policy.config.yaml. */
  config?: string;
  /** Writes the report there instead of to stdout. */
  out?: string;
}

export async function policy(context: Context, options: PolicyOptions): Promise<number> {
  const format = formatOf(context, options);
  const { snapshot, source, lines } = await readSnapshot(context, options);
  const team = await loadPolicy(context, options.config);
  const report: PolicyReport = {
    stack: snapshot.stack,
    source,
    lines,
    rules: team.rules,
    judgement: judgeStack(team, snapshot),
    resources: snapshot.resources.length,
    skipped: snapshot.skipped,
  };
  const text = await render(context, report, format, options);
  if (options.out === undefined) context.print(text.replace(/\n$/, ""));
  else writeReport(context, options.out, text, report);
  return fails(report) ? exitCodes.policy : exitCodes.success;
}

function formatOf({ globals }: Context, { format }: PolicyOptions): Format {
  if (format === undefined) return globals.json ? "json" : "table";
  const known = FORMATS.find((one) => one === format);
  if (known === undefined) {
    throw new CliError(`--format: ${JSON.stringify(format)} is not one of ${FORMATS.join(", ")}.`);
  }
  return known;
}

interface Read {
  snapshot: Snapshot;
  source: string;
  lines: ReadonlyMap<string, number>;
}

async function readSnapshot(context: Context, { file }: PolicyOptions): Promise<Read> {
  if (file === undefined) return { snapshot: await readState(context), source: "state", lines: new Map() };
  const text = readText(file);
  const snapshot = told(file, () => parseSnapshot(text));
  const { stack } = context.globals;
  if (stack !== undefined && snapshot.stack !== undefined && checkStackName(stack, "--stack") !== snapshot.stack) {
    throw new CliError(`${file}: is an export of the stack "${snapshot.stack}", not of "${stack}" (--stack).`);
  }
  return { snapshot, source: file === "-" ? "stdin" : file, lines: linesOfUrns(text) };
}

function readText(file: string): string {
  try {
    return decodeText(readFileSync(file === "-" ? 0 : file));
  } catch (error) {
    const why = codeOf(error) === "ENOENT" ? "there is no such file" : messageOf(error);
    throw new CliError(`--file ${file}: cannot be read: ${why}.`);
  }
}

function told<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SnapshotError) throw new CliError(`${where}: ${error.message}`);
    throw error;
  }
}

/** The engine is asked only where the state is not in a file of this machine. */
async function readState(context: Context): Promise<Snapshot> {
  const { findEngine, openSession, requireState } = await import("../session.ts");
  const session = openSession(context);
  const { deployment } = await requireState(session, async () => await findEngine(session));
  return told(`state of "${session.stack}"`, () => readDeployment(deployment));
}

async function render(context: Context, report: PolicyReport, format: Format, options: PolicyOptions): Promise<string> {
  if (format === "json") return jsonReport(report);
  if (format === "junit") return (await import("../policy/junit.ts")).junitReport(report);
  if (format === "sarif") {
    const { artifactUri, sarifReport } = await import("../policy/sarif.ts");
    const { file } = options;
    const named = file !== undefined && file !== "-";
    return sarifReport(report, named ? artifactUri(resolve(file), process.cwd()) : undefined);
  }
  const { textReport } = await import("../policy/text.ts");
  const { terminal } = context;
  // Colours are for a terminal to show, and not for a file to keep.
  const colored = options.out === undefined && process.stdout.isTTY === true;
  return textReport(report, (code, text) => (colored ? terminal.paint(code, text) : text));
}

function writeReport({ terminal }: Context, out: string, text: string, report: PolicyReport): void {
  try {
    writeFileSync(out, text);
  } catch (error) {
    throw new CliError(`--out ${out}: cannot be written: ${messageOf(error)}.`);
  }
  const { mandatory, advisory, exempted } = countsOf(report.judgement);
  terminal.line(`Policy: ${mandatory} mandatory, ${advisory} advisory, ${exempted} exempted; the report is in ${out}`);
}
