/** SARIF 2.1.0: what code scanning of GitHub, GitLab and editors reads. */
import { isAbsolute, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { Location, Log, ReportingDescriptor, Result, Run } from "sarif";
import manifest from "../../package.json" with { type: "json" };
import { said, type Verdict } from "../../policy/policy.ts";
import type { Rule } from "../../policy/rule.ts";
import { nameOf, type PolicyReport, typeOf } from "./report.ts";

const LEVELS = { mandatory: "error", advisory: "warning", exempted: "note", disabled: "none" } as const;

/** Relative to where the command runs, which is where CI has the checkout. */
export function artifactUri(file: string, cwd: string): string {
  const path = relative(cwd, file);
  if (isAbsolute(path) || path.startsWith(`..${sep}`)) return pathToFileURL(file).href;
  return path.split(sep).map(encodeURIComponent).join("/");
}

export function sarifReport(report: PolicyReport, artifact: string | undefined): string {
  const { rules, judgement, lines } = report;
  const index = new Map(rules.map((rule, i) => [rule, i]));
  const run: Run = {
    tool: {
      driver: { name: "go-workstation policy", version: manifest.version, rules: rules.map(descriptor) },
    },
    columnKind: "utf16CodeUnits",
    ...(artifact === undefined ? {} : { artifacts: [{ location: { uri: artifact } }] }),
    results: judgement.verdicts.map((verdict) => ({
      ruleId: verdict.rule.id,
      ruleIndex: index.get(verdict.rule) ?? -1,
      level: LEVELS[verdict.level],
      kind: "fail",
      message: { text: message(verdict) },
      locations: [location(verdict, artifact, lines)],
      ...suppressed(verdict),
      partialFingerprints: { "findingIdentity/v1": identity(verdict) },
      properties: { undecided: verdict.undecided, ...(verdict.path === undefined ? {} : { property: verdict.path }) },
    })),
  };
  const log: Log = { $schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function descriptor({ id, title, why, fix, reference, level }: Rule): ReportingDescriptor {
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: why },
    help: { text: `${fix} Reference: ${reference}.` },
    defaultConfiguration: { enabled: level !== "disabled", level: LEVELS[level] },
  };
}

const message = (verdict: Verdict): string =>
  `${verdict.urn === "" ? "" : `${nameOf(verdict.urn)}: `}${said(verdict)}. ${verdict.rule.fix}`;

/** The same finding in the next run has the same identity, whatever line it is on then. */
const identity = ({ rule, urn, path = "", message: text }: Verdict): string => [rule.id, urn, path, text].join("|");

/** A suppressed result is shown as dismissed, with who answers for it. */
function suppressed({ exemption }: Verdict): Pick<Result, "suppressions"> {
  if (exemption === undefined) return {};
  const justification = `${exemption.owner}, until ${exemption.until}: ${exemption.reason}`;
  return { suppressions: [{ kind: "external", status: "accepted", justification }] };
}

function location(verdict: Verdict, artifact: string | undefined, lines: ReadonlyMap<string, number>): Location {
  const { urn, path } = verdict;
  const startLine = lines.get(urn) ?? 1;
  return {
    ...(artifact === undefined
      ? {}
      : { physicalLocation: { artifactLocation: { uri: artifact, index: 0 }, region: { startLine } } }),
    ...(urn === ""
      ? {}
      : {
          logicalLocations: [
            {
              name: nameOf(urn),
              fullyQualifiedName: path === undefined ? urn : `${urn}#${path}`,
              kind: typeOf(urn),
            },
          ],
        }),
  };
}
