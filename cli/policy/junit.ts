/** JUnit XML as CI systems read it: a suite a rule, a case a resource that the rule judged. */
import { said, type Verdict } from "../../policy/policy.ts";
import type { Rule } from "../../policy/rule.ts";
import { nameOf, type PolicyReport, typeOf } from "./report.ts";

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

/** Characters that XML 1.0 has no way to write; half of a surrogate pair is one of them. */
const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

export const escapeText = (text: string): string =>
  text
    .replace(FORBIDDEN, "\uFFFD")
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "")
    .replaceAll("\r", "&#13;");

/** Line ends and tabs in an attribute would be read back as blanks. */
export const escapeAttribute = (text: string): string =>
  escapeText(text).replace(/[\t\n]/g, (character) => `&#${character.charCodeAt(0)};`);

type Attributes = Record<string, string | number>;

function element(name: string, attributes: Attributes, children: readonly string[] = [], text = ""): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeAttribute(String(value))}"`);
  const inside = children.length === 0 ? escapeText(text) : `\n${children.join("\n").replace(/^(?= *<)/gm, "  ")}\n`;
  return inside === "" ? `<${name}${written.join("")}/>` : `<${name}${written.join("")}>${inside}</${name}>`;
}

interface Case {
  name: string;
  classname: string;
  verdicts: Verdict[];
}

export function junitReport(report: PolicyReport): string {
  const suites = report.rules.filter(({ level }) => level !== "disabled").map((rule) => suiteOf(rule, report));
  const sum = (name: "tests" | "failures"): number => suites.reduce((total, suite) => total + suite[name], 0);
  const attributes = { name: "policy", tests: sum("tests"), failures: sum("failures"), errors: 0, time: 0 };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(
    "testsuites",
    attributes,
    suites.map(({ xml }) => xml),
  )}\n`;
}

function suiteOf(rule: Rule, { judgement }: PolicyReport): { xml: string; tests: number; failures: number } {
  const cases = new Map<string, Case>();
  const caseOf = (urn: string): Case => {
    const name = urn === "" ? rule.title : nameOf(urn);
    const made = cases.get(urn) ?? { name, classname: `policy.${rule.id}`, verdicts: [] };
    cases.set(urn, made);
    return made;
  };
  for (const { rule: asked, urn } of judgement.asked) if (asked === rule) caseOf(urn);
  for (const verdict of judgement.verdicts) if (verdict.rule === rule) caseOf(verdict.urn).verdicts.push(verdict);
  const all = [...cases.values()];
  const failures = all.filter((one) => one.verdicts.some(({ level }) => level === "mandatory")).length;
  const attributes = { name: rule.id, tests: all.length, failures, errors: 0, time: 0 };
  return { xml: element("testsuite", attributes, all.map(testCase)), tests: all.length, failures };
}

/** One failure a case, as readers expect: several findings are lines of it. What does not fail is told as output. */
function testCase({ name, classname, verdicts }: Case): string {
  const failed = verdicts.filter(({ level }) => level === "mandatory");
  const rest = verdicts.filter(({ level }) => level !== "mandatory");
  const children: string[] = [];
  const [first] = failed;
  if (first !== undefined) {
    const attributes = { message: said(first), type: first.undecided ? "undecided" : "violation" };
    children.push(element("failure", attributes, [], lines(failed)));
  }
  const [exempted] = rest.filter(({ level }) => level === "exempted");
  if (exempted !== undefined && failed.length === 0) children.push(element("skipped", { message: said(exempted) }));
  if (rest.length > 0) children.push(element("system-out", {}, [], lines(rest)));
  return element("testcase", { name, classname, time: 0 }, children);
}

function lines(verdicts: readonly Verdict[]): string {
  const [first] = verdicts;
  const found = verdicts.map((verdict) => `${verdict.level}: ${said(verdict)}${where(verdict)}`);
  return [...found, `Fix: ${first?.rule.fix ?? ""}`, `Resource: ${first?.urn || "none"}`].join("\n");
}

const where = ({ path, urn }: Verdict): string => (path === undefined || urn === "" ? "" : ` (${typeOf(urn)} ${path})`);
