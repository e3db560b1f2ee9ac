/** What the engine tells while it works: one JSON object a line. Turned into progress, a summary and problems. */
import { nameOf, typeOf } from "./checkpoint.ts";

export interface StepMetadata {
  op: string;
  urn: string;
  type: string;
  diffs?: string[] | null;
  keys?: string[] | null;
  detailedDiff?: Record<string, { diffKind: string; inputDiff: boolean }> | null;
}

export interface EngineEvent {
  resourcePreEvent?: { metadata: StepMetadata; planning?: boolean };
  resOutputsEvent?: { metadata: StepMetadata; planning?: boolean };
  resOpFailedEvent?: { metadata: StepMetadata };
  diagnosticEvent?: { urn?: string; message: string; severity: string; ephemeral?: boolean; prefix?: string };
  policyEvent?: {
    resourceUrn?: string;
    message: string;
    policyName: string;
    policyPackName: string;
    enforcementLevel: string;
  };
  summaryEvent?: { resourceChanges?: Record<string, number>; durationSeconds: number };
  errorEvent?: { error: string };
  stdoutEvent?: { message: string };
}

export interface Change {
  urn: string;
  op: string;
  fields: string[];
}

/** Everything that a run has told so far. */
export interface RunStory {
  /** Resources that were started or finished, by what is done to them. */
  changes: Map<string, Change>;
  counts: Record<string, number>;
  problems: string[];
  warnings: string[];
  policy: { level: string; text: string }[];
  started: Set<string>;
  finished: Set<string>;
  /** What the live line shows. */
  news: string;
}

export function newStory(): RunStory {
  return {
    changes: new Map(),
    counts: {},
    problems: [],
    warnings: [],
    policy: [],
    started: new Set(),
    finished: new Set(),
    news: "",
  };
}

export function parseEvent(line: string): EngineEvent | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as EngineEvent;
  } catch {
    return undefined;
  }
}

const doing: Record<string, string> = {
  create: "creating",
  "create-replacement": "creating anew",
  replace: "replacing",
  update: "updating",
  delete: "removing",
  "delete-replaced": "removing the old",
  read: "reading",
  refresh: "looking at",
};

/** Plain words for a type token: `docker:index/container:Container` is a container. */
export function plainType(type: string): string {
  const last = type.split(":").at(-1) ?? type;
  return last.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}

export function plainName(urn: string): string {
  return `${plainType(typeOf(urn))} ${nameOf(urn)}`;
}

/** Colour marks of the engine's own messages: `<{%reset%}>`. */
function clean(text: string): string {
  return (
    text
      .replace(/<\{%[^%]*%\}>/g, "")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes start with one
      .replace(/\u001b\[[0-9;]*m/g, "")
      // What providers wrap around their errors says where in their source, which helps nobody here.
      .replace(/^sdk-v2\/\S+ sdk\.helper_schema: /, "")
      .replace(/: provider=\S+\s*$/, "")
      .replace(/\d+ errors? occurred:\s*\* /g, "")
      .replace(/(creating|updating|deleting) urn:\S+: (?=\S)/g, "")
      .trim()
  );
}

function addOnce(list: string[], text: string): void {
  if (text !== "" && !list.some((known) => known.includes(text))) list.push(text);
}

export function tell(story: RunStory, event: EngineEvent): void {
  const { resourcePreEvent, resOutputsEvent, resOpFailedEvent, diagnosticEvent, policyEvent, summaryEvent } = event;
  if (resourcePreEvent !== undefined) begin(story, resourcePreEvent.metadata);
  if (resOutputsEvent !== undefined) finish(story, resOutputsEvent.metadata.urn);
  if (resOpFailedEvent !== undefined) finish(story, resOpFailedEvent.metadata.urn);
  if (diagnosticEvent !== undefined) hear(story, diagnosticEvent);
  if (policyEvent !== undefined) {
    const where = policyEvent.resourceUrn === undefined ? "" : ` (${plainName(policyEvent.resourceUrn)})`;
    const text = `${policyEvent.policyName}${where}: ${clean(policyEvent.message)}`;
    if (!story.policy.some((known) => known.text === text)) {
      story.policy.push({ level: policyEvent.enforcementLevel, text });
    }
  }
  if (summaryEvent !== undefined) story.counts = summaryEvent.resourceChanges ?? {};
  if (event.errorEvent !== undefined) addOnce(story.problems, clean(event.errorEvent.error));
}

function begin(story: RunStory, step: StepMetadata): void {
  if (step.op === "same") {
    story.finished.add(step.urn);
    return;
  }
  story.started.add(step.urn);
  const fields = Object.keys(step.detailedDiff ?? {});
  const known = story.changes.get(step.urn);
  story.changes.set(step.urn, {
    urn: step.urn,
    op: known === undefined ? step.op : strongest(known.op, step.op),
    fields: [...new Set([...(known?.fields ?? []), ...(fields.length > 0 ? fields : (step.diffs ?? []))])].sort(),
  });
  story.news = progress(story, `${doing[step.op] ?? step.op} ${plainName(step.urn)}`);
}

/** A replacement is told as several steps; together they are one replacement. */
function strongest(a: string, b: string): string {
  const replacing = (op: string): boolean => /replace/.test(op);
  return replacing(a) || replacing(b) ? "replace" : b;
}

function finish(story: RunStory, urn: string): void {
  story.started.delete(urn);
  story.finished.add(urn);
}

function progress(story: RunStory, text: string): string {
  return story.finished.size === 0 ? text : `${text} [${story.finished.size} done]`;
}

function hear(story: RunStory, diagnostic: NonNullable<EngineEvent["diagnosticEvent"]>): void {
  const text = clean(diagnostic.message);
  if (text === "") return;
  const named = diagnostic.urn === undefined || diagnostic.urn === "" || /::pulumi:pulumi:Stack::/.test(diagnostic.urn);
  if (diagnostic.severity === "error") {
    // "update failed" and the like only repeat that there was an error.
    if (/^(update|preview|refresh|destroy) failed$/.test(text)) return;
    addOnce(story.problems, named ? text : `${plainName(diagnostic.urn ?? "")}: ${text}`);
  } else if (diagnostic.severity === "warning") {
    addOnce(story.warnings, text);
  } else if (diagnostic.severity.startsWith("info") && (diagnostic.ephemeral === true || !named)) {
    // What a provider reports about long work.
    const last = text.split("\n").at(-1) ?? "";
    story.news = progress(story, named ? last : `${plainName(diagnostic.urn ?? "")}: ${last}`);
  }
}
