/** `doctor`: read-only checks of this machine against the settings, all side by side. */
import type { Context } from "../context.ts";
import { type Check, type CheckDefinition, checksFor } from "../doctor/checks.ts";
import { openDoctor } from "../doctor/patient.ts";
import { exitCodes, messageOf } from "../errors.ts";
import type { Terminal } from "../terminal.ts";

export async function doctor(context: Context, options: { deep?: boolean }): Promise<number> {
  const patient = await openDoctor(context);
  const checks = await Promise.all(
    checksFor(options.deep === true).map(async (check) => await runCheck(check, patient)),
  );
  if (context.globals.json) context.print(JSON.stringify({ checks }));
  else for (const line of report(context.terminal, checks)) context.print(line);
  return checks.some((check) => check.status === "fail") ? exitCodes.error : exitCodes.success;
}

/** A check that cannot be made is a finding too, not the end of the others. */
export async function runCheck<P>(definition: CheckDefinition<P>, patient: P): Promise<Check> {
  try {
    return { id: definition.id, ...(await definition.look(patient)) };
  } catch (error) {
    const [found = ""] = messageOf(error).split("\n");
    return { id: definition.id, status: "fail", found, wanted: definition.wanted, fix: definition.fix };
  }
}

export function report(terminal: Pick<Terminal, "paint">, checks: readonly Check[]): string[] {
  const width = Math.max(...checks.map((check) => check.id.length));
  const color = { pass: "green", warn: "yellow", fail: "red", skip: "dim" } as const;
  const lines = checks.flatMap(({ id, status, found, wanted, fix }) => [
    `${terminal.paint(color[status], status)}  ${id.padEnd(width)}  ${found}`,
    ...(status === "fail" || status === "warn"
      ? [`      ${" ".repeat(width)}  wanted: ${wanted}`, `      ${" ".repeat(width)}  fix: ${fix}`]
      : []),
  ]);
  const count = (status: Check["status"]): number => checks.filter((check) => check.status === status).length;
  lines.push("", `${count("pass")} pass, ${count("warn")} warn, ${count("fail")} fail, ${count("skip")} skipped`);
  return lines;
}
