/** Progress, summary and problems from what a real engine told, recorded. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nameOf, typeOf } from "../../../cli/engine/checkpoint.ts";
import { type EngineRun, explainFailure } from "../../../cli/engine/engine.ts";
import { type EngineEvent, newStory, parseEvent, plainType, type RunStory, tell } from "../../../cli/engine/events.ts";
import { changeLines, countsLine, countsOf, hasChanges } from "../../../cli/engine/summary.ts";

function replay(lines: string[], onNews: (news: string) => void = () => {}): RunStory {
  const story = newStory();
  for (const line of lines) {
    const event = parseEvent(line);
    if (event !== undefined) tell(story, event);
    onNews(story.news);
  }
  return story;
}
const recorded = readFileSync(join(__dirname, "..", "recorded", "up.jsonl"), "utf8").split("\n");
const CONTAINER = "docker:index/container:Container";
const urn = `urn:pulumi:me::go-workstation::workstation:components:DevContainer$${CONTAINER}::shop-container`;

test("a first up: everything is created, nothing is wrong, the live line names what happens", () => {
  const news = new Set<string>();
  const story = replay(recorded, (text) => news.add(text));
  expect(countsOf(story.counts)).toEqual({ created: 16, updated: 0, replaced: 0, deleted: 0, unchanged: 0 });
  expect(story.problems).toEqual([]);
  expect(story.started.size).toBe(0);
  expect([...news].some((text) => text.startsWith("creating container hello-container ["))).toBe(true);
  expect([...news].some((text) => /^command smoke-test-run: ok\s+example\.com\/hello\/greeting/.test(text))).toBe(true);
  expect(changeLines(story)).toContain("  +  container hello-container");
  expect(story.warnings).toEqual([expect.stringContaining("belongs to root")]);
});

test("a run cut off in the middle still tells what it had begun", () => {
  const story = replay(recorded.slice(0, 40));
  expect(story.changes.size).toBeGreaterThanOrEqual(3);
  expect(parseEvent('{"resourcePreEvent": {"meta')).toBeUndefined();
  expect(parseEvent("panic: something")).toBeUndefined();
});

const event = (value: EngineEvent) => JSON.stringify(value);
const step = (op: string, fields: string[] = []) =>
  event({ resourcePreEvent: { metadata: { op, urn, type: CONTAINER, diffs: fields } } });

test("the steps of a replacement are one change, with its fields", () => {
  const story = replay([step("delete-replaced"), step("replace", ["memory"]), step("create-replacement", ["image"])]);
  expect([...story.changes.values()]).toEqual([{ urn, op: "replace", fields: ["image", "memory"] }]);
  expect(changeLines(story)).toEqual(["  +- container shop-container (image, memory)"]);
});

test("what is the same is counted and not told", () => {
  const story = replay([step("same"), event({ summaryEvent: { resourceChanges: { same: 9 }, durationSeconds: 2 } })]);
  expect(story.changes.size).toBe(0);
  expect(countsLine(countsOf(story.counts))).toBe("9 unchanged");
  expect(hasChanges(countsOf(story.counts))).toBe(false);
});

const diagnostic = (message: string, severity = "error", of = urn) =>
  event({ diagnosticEvent: { urn: of, message, severity } });
const PORT =
  "Unable to start container: Error response from daemon: listen tcp4 127.0.0.1:18099: bind: address already in use";

test("an error that comes in three wrappings is told once, without them", () => {
  const story = replay([
    diagnostic(`<{%reset%}>sdk-v2/provider2.go:571: sdk.helper_schema: ${PORT}: provider=docker@5.2.0<{%reset%}>\n`),
    diagnostic(`<{%reset%}>1 error occurred:\n\t* creating ${urn}: 1 error occurred:\n\t* ${PORT}\n\n<{%reset%}>`),
    diagnostic("update failed", "error", "urn:pulumi:me::go-workstation::pulumi:pulumi:Stack::go-workstation-me"),
  ]);
  expect(story.problems).toEqual([`container shop-container: ${PORT}`]);
});

test("a failure names problems and mandatory violations, not stack traces or what the error stream repeats", () => {
  const policyEvent = {
    resourceUrn: urn,
    message: "must not run as root",
    policyName: "non-root",
    policyPackName: "go-workstation",
    enforcementLevel: "mandatory",
  };
  const story = replay([
    diagnostic("Error: no such thing\n    at plan (/x/index.ts:1:2)"),
    event({ policyEvent }),
    event({ policyEvent: { ...policyEvent, enforcementLevel: "advisory", policyName: "hint" } }),
  ]);
  const run: EngineRun = { code: 255, story, said: "error: update failed\nerror: repeated\n" };
  expect(explainFailure("up", run)).toBe(
    [
      "container shop-container: Error: no such thing",
      "policy non-root (container shop-container): must not run as root",
    ].join("\n"),
  );
  const silent: EngineRun = { code: 7, story: newStory(), said: "error: no language plugin\nerror: update failed\n" };
  expect(explainFailure("up", silent)).toBe("no language plugin");
  expect(explainFailure("up", { ...silent, said: "" })).toBe("The engine's up ended with code 7.");
});

test("plain words for types and names", () => {
  expect(plainType("workstation:index:LocalImage")).toBe("local image");
  expect([nameOf(urn), typeOf(urn)]).toEqual(["shop-container", CONTAINER]);
});
