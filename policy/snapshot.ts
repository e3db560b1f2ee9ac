/** Reads a stack from what the engine writes of it: an export, a checkpoint file, or a preview as JSON. Pure. */
import { plainArgs } from "./values.ts";

/** A resource as the rules see it. */
export interface SnapshotResource {
  urn: string;
  type: string;
  /** What the program declared: judged by itself. */
  args: object;
  /** The same over what came of it: judged together with all others, as the engine does. */
  state: object;
  uses: Readonly<Record<string, readonly string[]>>;
}

export interface Snapshot {
  /** From the resources' URNs; undefined where there are none. */
  stack: string | undefined;
  resources: SnapshotResource[];
  /** The stack itself, whose outputs rules over several resources may read. */
  roots: SnapshotResource[];
  /** Left out: the stack itself, providers, what is only read, and what a replacement is about to remove. */
  skipped: number;
}

/** The text is no export that this version reads; the message says why, and what to do. */
export class SnapshotError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SnapshotError";
  }
}

/** Layouts of `deployment` that are read (sdk/go/common/apitype/core.go); 4 only adds fields. */
const OLDEST = 3;
const NEWEST = 4;

const EXPORT = "`pulumi stack export`";

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function parseSnapshot(text: string): Snapshot {
  if (text.trim() === "") throw new SnapshotError(`is empty. Write it again with ${EXPORT}.`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? reasonOf(error.message) : String(error);
    throw new SnapshotError(`is damaged: it does not parse as JSON (${reason}). Write it again with ${EXPORT}.`);
  }
  if (!isFields(document))
    throw new SnapshotError(`is not an export: it must be a JSON object, as ${EXPORT} writes it.`);
  if (Array.isArray(document.steps)) return readResources(document.steps.flatMap(ofStep), "steps");
  const deployment = deploymentOf(document);
  checkVersion(document.version);
  return readDeployment(deployment);
}

/** Node quotes the text around the place, which can be a secret. */
const reasonOf = (message: string): string =>
  message.replace(/,? (\.\.\.)?".*$/s, "").replace(/^.*?(?=at position|in JSON|Unexpected end)/s, "unexpected text ");

function deploymentOf(document: Fields): Fields {
  const { checkpoint } = document;
  const deployment = isFields(checkpoint) ? (checkpoint.latest ?? {}) : document.deployment;
  if (isFields(deployment)) return deployment;
  const keys = Object.keys(document).slice(0, 5).join(", ");
  throw new SnapshotError(
    `is not an export: it has no "deployment" (it has ${keys === "" ? "nothing" : keys}). Write it with ${EXPORT}, or with \`pulumi preview --json\`.`,
  );
}

function checkVersion(version: unknown): void {
  if (typeof version !== "number" || !Number.isInteger(version)) {
    throw new SnapshotError(`is damaged: "version" is ${JSON.stringify(version) ?? "missing"}, and must be a number.`);
  }
  if (version > NEWEST) {
    throw new SnapshotError(
      `has version ${version}, which is newer than this program knows (${OLDEST} to ${NEWEST}). Update go-workstation, or export it with an older Pulumi.`,
    );
  }
  if (version < OLDEST) {
    throw new SnapshotError(
      `has version ${version}, which is older than this program reads (${OLDEST} to ${NEWEST}). Import it into a stack with a Pulumi of today and export it again.`,
    );
  }
}

export function readDeployment(deployment: object): Snapshot {
  const resources: unknown = "resources" in deployment ? deployment.resources : [];
  if (resources !== null && !Array.isArray(resources)) {
    throw new SnapshotError('is damaged: "resources" must be a list.');
  }
  return readResources(resources ?? [], "resources");
}

/** Of `pulumi preview --json`: what will be there afterwards. */
function ofStep(step: unknown): unknown[] {
  return isFields(step) && isFields(step.newState) ? [step.newState] : [];
}

function readResources(list: readonly unknown[], where: string): Snapshot {
  const resources: SnapshotResource[] = [];
  const roots: SnapshotResource[] = [];
  let stack: string | undefined;
  let skipped = 0;
  for (const [i, entry] of list.entries()) {
    const fields = checked(entry, `${where}[${i}]`);
    stack ??= /^urn:pulumi:([^:]+)::/.exec(fields.urn)?.[1];
    if (isJudged(fields)) resources.push(resourceOf(fields));
    else skipped += 1;
    if (fields.type === "pulumi:pulumi:Stack" && fields.delete !== true) roots.push(resourceOf(fields));
  }
  return { stack, resources, roots, skipped };
}

interface ResourceFields extends Fields {
  urn: string;
  type: string;
  inputs: Fields;
  outputs: Fields;
  propertyDependencies: Record<string, string[]>;
}

function checked(entry: unknown, where: string): ResourceFields {
  const damaged = (what: string): SnapshotError => new SnapshotError(`is damaged: ${where} ${what}.`);
  if (!isFields(entry)) throw damaged("is no resource");
  const { urn, type } = entry;
  if (typeof urn !== "string" || !urn.startsWith("urn:pulumi:"))
    throw damaged('has no "urn" that begins with urn:pulumi:');
  if (typeof type !== "string" || type === "") throw damaged(`(${urn}) has no "type"`);
  const group = (name: string): Fields => {
    const value = entry[name] ?? {};
    if (!isFields(value)) throw damaged(`(${urn}) has "${name}" that are no group of properties`);
    return value;
  };
  const uses = group("propertyDependencies");
  for (const urns of Object.values(uses)) {
    if (urns !== null && !(Array.isArray(urns) && urns.every((one) => typeof one === "string"))) {
      throw damaged(`(${urn}) has "propertyDependencies" that are no lists of URNs`);
    }
  }
  const lists = Object.fromEntries(Object.entries(uses).map(([name, urns]) => [name, (urns ?? []) as string[]]));
  return { ...entry, urn, type, inputs: group("inputs"), outputs: group("outputs"), propertyDependencies: lists };
}

function isJudged({ type, delete: old, external }: ResourceFields): boolean {
  return !type.startsWith("pulumi:") && old !== true && external !== true;
}

function resourceOf({ urn, type, inputs, outputs, propertyDependencies }: ResourceFields): SnapshotResource {
  return {
    urn,
    type,
    args: plainArgs(inputs),
    state: plainArgs({ ...outputs, ...inputs }),
    uses: propertyDependencies,
  };
}

/** The line of each URN's first mention in the text, counted from 1: there a report points. */
export function linesOfUrns(text: string): Map<string, number> {
  const lines = new Map<string, number>();
  let line = 1;
  let from = 0;
  for (const match of text.matchAll(/"urn"\s*:\s*("(?:[^"\\]|\\.)*")/g)) {
    for (let at = text.indexOf("\n", from); at >= 0 && at < match.index; at = text.indexOf("\n", at + 1)) line += 1;
    from = match.index;
    const urn = JSON.parse(match[1] ?? '""') as string;
    if (!lines.has(urn)) lines.set(urn, line);
  }
  return lines;
}
