import { join } from "node:path";
import { escapeText, junitReport } from "../../../cli/policy/junit.ts";
import { jsonReport, type PolicyReport } from "../../../cli/policy/report.ts";
import { artifactUri, sarifReport } from "../../../cli/policy/sarif.ts";
import { textReport } from "../../../cli/policy/text.ts";
import { judgeStack } from "../../../policy/judge.ts";
import { type PolicyConfig, policyOf } from "../../../policy/policy.ts";
import { linesOfUrns, parseSnapshot } from "../../../policy/snapshot.ts";
import { good } from "../../policy/fixtures/cases.ts";
import { exportOf, sealed, urnOf } from "../../policy/fixtures/export.ts";

const CONTAINER = "docker:index/container:Container";
const FILE = "workstation:index:ManagedFile";

const text = exportOf([
  { type: CONTAINER, name: "web", inputs: { ...good, mustRun: false, privileged: true, image: 'a<b>&"c":1' } },
  { type: CONTAINER, name: "db", inputs: { ...good, mustRun: false, user: sealed() } },
  { type: FILE, name: "wsl", inputs: { path: "/etc/wsl.conf", values: { user: { default: "root" } } } },
  { type: "aws:s3/bucket:Bucket", name: "bucket" },
]);

function reportOf(exported: string, config: PolicyConfig = {}): PolicyReport {
  const policy = policyOf(config, "2026-11-24");
  const { rules } = policy;
  const snapshot = parseSnapshot(exported);
  const { resources, skipped, stack } = snapshot;
  const judgement = judgeStack(policy, snapshot);
  const lines = linesOfUrns(exported);
  return { stack, source: "stack.json", lines, rules, judgement, resources: resources.length, skipped };
}

const report = reportOf(text);
const { rules } = report;
const plain = (_: string, words: string): string => words;

test("JSON: counts, and each finding with everything that is known of it", () => {
  const json = JSON.parse(jsonReport(report)) as Record<string, unknown> & { findings: Record<string, unknown>[] };
  expect(json).toMatchObject({
    stack: "ada",
    source: "stack.json",
    resources: 4,
    skipped: 2,
    counts: { mandatory: 3, advisory: 1 },
    unjudged: { "aws:s3/bucket:Bucket": 1 },
  });
  expect(json.findings.map(({ rule, level, kind, name, path }) => [rule, level, kind, name, path])).toEqual([
    ["container-privileges", "mandatory", "violation", "web", "privileged"],
    ["image-content", "mandatory", "violation", "web", "image"],
    ["container-user", "mandatory", "undecided", "db", "user"],
    ["wsl-default-user", "advisory", "violation", "wsl", "values"],
  ]);
  for (const finding of json.findings) {
    for (const key of ["title", "why", "fix", "reference", "message"]) expect(finding[key]).toMatch(/\w/);
  }
});

test("the table: a line for each finding, how to fix each kind, and a sum", () => {
  const [head, ...lines] = textReport(report, plain).split("\n");
  expect(head).toMatch(/^LEVEL +RULE +RESOURCE +PROPERTY +FOUND$/);
  expect(lines[0]).toMatch(/^mandatory +container-privileges +web +privileged +privileged is true$/);
  expect(lines[2]).toMatch(/^mandatory +container-user +db +user +undecided: user is an encrypted secret/);
  expect(lines.filter((line) => /^container-user: Set `user`.*\(CIS Docker/.test(line))).toHaveLength(1);
  expect(lines.slice(-3)).toEqual([
    expect.stringMatching(/^3 mandatory violations, 1 advisory: \d+ rules over 4 resources of ada \(2 left out/),
    "No rule knows the type of 1: aws:s3/bucket:Bucket 1.",
    "",
  ]);
});

test("colours do not move the columns", () => {
  const painted = textReport(report, (code, words) => `{${code}}${words}{/}`);
  expect(painted).toContain("{red}mandatory{/}  container-privileges");
  expect(painted.replaceAll(/\{[/\w]+\}/g, "")).toBe(textReport(report, plain));
});

test("a stack without findings is one line", () => {
  const clean = reportOf(exportOf([{ type: CONTAINER, name: "a", inputs: { ...good, mustRun: false } }]));
  expect(textReport(clean, plain)).toMatch(
    /^No mandatory violation, 0 advisory: \d+ rules over 1 resources of ada .*\n$/,
  );
  expect(textReport(reportOf(exportOf([])), plain)).toContain("There was nothing to judge.");
});

describe("SARIF", () => {
  interface Log {
    version: string;
    runs: {
      tool: { driver: { rules: { id: string }[] } };
      results: {
        ruleId: string;
        ruleIndex: number;
        level: string;
        message: { text: string };
        locations: {
          physicalLocation?: { artifactLocation: { uri: string }; region: { startLine: number } };
          logicalLocations: { name: string; fullyQualifiedName: string }[];
        }[];
        partialFingerprints: Record<string, string>;
      }[];
    }[];
  }
  const read = (artifact?: string) => JSON.parse(sarifReport(report, artifact)) as Log;

  test("has every rule, and each result points at its own and at the resource's line", () => {
    const { version, runs } = read("stack.json");
    const [run] = runs;
    expect([version, runs.length]).toEqual(["2.1.0", 1]);
    expect(run?.tool.driver.rules.map(({ id }) => id)).toEqual(rules.map(({ id }) => id));
    expect(run?.results.map(({ level }) => level)).toEqual(["error", "error", "error", "warning"]);
    for (const result of run?.results ?? []) {
      expect(run?.tool.driver.rules[result.ruleIndex]?.id).toBe(result.ruleId);
      const [where] = result.locations;
      const line = text.split("\n")[(where?.physicalLocation?.region.startLine ?? 0) - 1];
      expect(where?.physicalLocation?.artifactLocation.uri).toBe("stack.json");
      expect(line).toContain(where?.logicalLocations[0]?.fullyQualifiedName.split("#")[0]);
    }
  });

  test("findings are told apart, and known again on another line", () => {
    const identities = (log: Log) => log.runs[0]?.results.map(({ partialFingerprints }) => partialFingerprints);
    const before = identities(read("stack.json"));
    expect(new Set(before?.map((one) => JSON.stringify(one))).size).toBe(4);
    const moved = reportOf(text.replace("\n", "\n\n\n"));
    expect(identities(JSON.parse(sarifReport(moved, "stack.json")) as Log)).toEqual(before);
  });

  test("of a state without a file it names resources only", () => {
    const results = read().runs[0]?.results ?? [];
    expect(results).toHaveLength(4);
    for (const { locations } of results) {
      expect(locations[0]?.physicalLocation).toBeUndefined();
      expect(locations[0]?.logicalLocations[0]?.name).toMatch(/web|db|wsl/);
    }
  });

  test.each([
    ["/srv/team/exports/a b.json", "exports/a%20b.json"],
    ["/srv/team/a.json", "a.json"],
    ["/srv/other/a.json", "file:///srv/other/a.json"],
  ])("%s is %s", (file, uri) => {
    expect(artifactUri(file, "/srv/team")).toBe(uri);
  });
});

describe("JUnit", () => {
  const xml = junitReport(report);

  test("a suite for each rule, a case for each resource, one failure a case", () => {
    expect(xml).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites name="policy" tests="\d+" failures="3"/,
    );
    expect([...xml.matchAll(/<testsuite name/g)]).toHaveLength(
      rules.filter(({ level }) => level !== "disabled").length,
    );
    const suite = /<testsuite name="container-user" tests="2" failures="1"[\s\S]*?<\/testsuite>/.exec(xml)?.[0] ?? "";
    expect(suite).toContain('<testcase name="web" classname="policy.container-user" time="0"/>');
    expect(suite).toContain('<failure message="undecided: user is an encrypted secret');
    expect(suite).toContain(`Resource: ${urnOf(CONTAINER, "db").replaceAll("'", "&apos;")}</failure>`);
    const tests = [...xml.matchAll(/<testcase /g)].length;
    expect(xml).toContain(`tests="${tests}" failures="3"`);
  });

  test("an advisory finding is output and no failure", () => {
    const suite = /<testsuite name="wsl-default-user" tests="1" failures="0"[\s\S]*?<\/testsuite>/.exec(xml)?.[0] ?? "";
    expect(suite).toMatch(/<system-out>advisory: \[user\] default is root/);
    expect(suite).not.toContain("<failure");
  });

  test("text is escaped", () => {
    expect(xml).toContain('message="image is &quot;a&lt;b&gt;&amp;\\&quot;c\\&quot;:1&quot;"');
    expect(escapeText("a\u0000b\u001b[0m\ud800 \u{1f600}\r\n]]>")).toBe(
      "a\ufffdb\ufffd[0m\ufffd \u{1f600}&#13;\n]]&gt;",
    );
  });
});

test("no report has a path of this machine", () => {
  const written = [
    jsonReport(report),
    sarifReport(report, "stack.json"),
    junitReport(report),
    textReport(report, plain),
  ];
  for (const one of written) expect(one).not.toContain(join(__dirname, "../../.."));
});
