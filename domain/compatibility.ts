/** Go, its tools and the projects that need them: what works together is decided here, before anything is built. */
import type { Settings } from "../config/schema.ts";
import { TOOLS, type ToolKey, type ToolRow } from "./compatibility-table.ts";
import type { ProjectFacts } from "./facts.ts";
import { PlanError } from "./problems.ts";
import type { GoToolPin } from "./recipe.ts";
import { compareVersions, minor, parts } from "./versions.ts";

export type ToolSettings = Settings["go"]["tools"];

export interface ResolvedTools {
  go: string;
  pins: GoToolPin[];
}

const works = (row: ToolRow, go: string): boolean =>
  compareVersions(row.least, go) <= 0 && (row.most === undefined || compareVersions(minor(go), row.most) <= 0);

/** Versions that work with this Go, as ranges, oldest first: `v1.24.0 to v1.25.0`. */
export function workingRanges(tool: ToolKey, go: string): string[] {
  return TOOLS[tool].rows
    .filter((row) => works(row, go))
    .map((row) => (row.from === row.to ? row.to : `${row.from} to ${row.to}`));
}

/** The newest version that works with this Go; undefined when the table knows none. */
export function newest(tool: ToolKey, go: string): string | undefined {
  return TOOLS[tool].rows.findLast((row) => works(row, go))?.to;
}

/** The row that speaks for a version; one newer than the table is judged as the newest known. */
function rowOf(tool: ToolKey, version: string): ToolRow | undefined {
  const { rows } = TOOLS[tool];
  const row = rows.findLast((candidate) => compareVersions(candidate.from, version) <= 0);
  if (row === rows.at(-1) && row !== undefined && compareVersions(row.to, version) < 0) {
    return { from: row.from, to: version, least: row.least };
  }
  return row;
}

function pin(tool: ToolKey, version: string): GoToolPin {
  const table = TOOLS[tool];
  const major = parts(version)[0] as number;
  const path = table.packages[major];
  if (path === undefined) {
    const majors = Object.keys(table.packages).map((known) => `v${known}`);
    throw new PlanError([`go.tools.${tool}: ${version} does not exist; major versions are ${majors.join(", ")}`]);
  }
  return { package: path, version, binary: table.binary };
}

function refusal(tool: ToolKey, version: string, go: string): string {
  const row = rowOf(tool, version);
  const best = newest(tool, go);
  const needs =
    row === undefined
      ? `${version} is older than what this project supports (from ${TOOLS[tool].rows[0]?.from})`
      : compareVersions(row.least, go) > 0
        ? `${version} needs Go >= ${row.least}`
        : `${version} works for Go up to ${row.most}`;
  const allowed = best === undefined ? "no known version" : `up to ${best} (${workingRanges(tool, go).join(", ")})`;
  const fix =
    best === undefined ? "take another Go in go.versions" : `write "auto" or "${best}", or change go.versions`;
  return `go.tools.${tool}: ${version} cannot be used with Go ${go}: works with Go ${minor(go)}: ${allowed}; ${needs}. To mend it, ${fix}.`;
}

/** The tools of one SDK. Throws with every tool that cannot work, and the versions that can. */
export function resolveTools(go: string, settings: ToolSettings): GoToolPin[] {
  const problems: string[] = [];
  const pins: GoToolPin[] = [];
  for (const tool of Object.keys(TOOLS) as ToolKey[]) {
    const wanted = settings[tool];
    if (wanted === "off") continue;
    const version = wanted === "auto" ? newest(tool, go) : wanted;
    if (version === undefined) {
      const known = TOOLS[tool].rows.at(-1) as ToolRow;
      problems.push(
        `go.tools.${tool}: no version is known to work with Go ${go}; the newest known, ${known.to}, needs Go ${known.least}${known.most === undefined ? " or newer" : ` to ${known.most}`}. Name a version to try it.`,
      );
      continue;
    }
    const row = rowOf(tool, version);
    if (row === undefined || !works(row, go)) problems.push(refusal(tool, version, go));
    else pins.push(pin(tool, version));
  }
  if (problems.length > 0) throw new PlanError(problems);
  return pins;
}

/** The tools of every SDK in the image, in the order of `go.versions`. */
export function resolveAllTools(go: Pick<Settings["go"], "versions" | "tools">): ResolvedTools[] {
  const problems: string[] = [];
  const resolved: ResolvedTools[] = [];
  for (const version of go.versions) {
    try {
      resolved.push({ go: version, pins: resolveTools(version, go.tools) });
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new PlanError(problems);
  return resolved;
}

/**
 * What is wrong with building this project with this Go; undefined when nothing is. GOTOOLCHAIN is `local` in a
 * container, so Go itself would stop there, but only after everything had been built.
 */
export function goProblem(
  name: string,
  go: string,
  facts: Pick<ProjectFacts, "path" | "goVersion">,
): string | undefined {
  if (facts.goVersion === "" || compareVersions(facts.goVersion, go) <= 0) return undefined;
  const wanted = parts(facts.goVersion).length === 3 ? facts.goVersion : `${minor(facts.goVersion)}.0`;
  return `projects[${name}]: ${facts.path}/go.mod says "go ${facts.goVersion}", but the project is given Go ${go}. To mend it, add "${wanted}" or newer to go.versions and name it as the project's goVersion.`;
}
