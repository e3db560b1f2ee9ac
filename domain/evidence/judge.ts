/** Every statement of evidence that can be checked from the file alone. */
import { contentHash } from "../recipe-hash.ts";
import { type Check, check, type Moment } from "./check.ts";
import { judgeImages, judgeSbom } from "./judges/images.ts";
import { judgeCertificates, judgeLinks } from "./judges/links.ts";
import { judgeDrift, judgeResources, judgeVersions } from "./judges/machine.ts";
import { judgePolicy } from "./judges/policy.ts";
import { PART_NAMES, PARTS, type PartName, type Parts } from "./schema.ts";

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `now` in milliseconds since 1970. What cannot be read is named, and hides nothing else. */
export function judgeEvidence(payload: unknown, now: number): Check[] {
  const fields = isFields(payload) ? payload : {};
  const moment = momentOf(fields.taken, now);
  const { parts, checks } = readParts(fields);
  return [...aboutFile(fields, now), ...checks, ...judgeParts(parts, moment)];
}

/** Parts whose own sum is not the one in the file: somebody edited them. */
export function changedParts(payload: unknown): PartName[] {
  if (!isFields(payload) || !isFields(payload.sums)) return [];
  const { sums } = payload;
  return PART_NAMES.filter((name) => payload[name] !== undefined && sums[name] !== contentHash(payload[name]));
}

function momentOf(value: unknown, now: number): Moment {
  const today = new Date(now).toISOString().slice(0, 10);
  const taken = typeof value === "string" ? Date.parse(value) : Number.NaN;
  // Without a time nothing can be said about then; what is true today is the next best.
  if (Number.isNaN(taken)) return { taken: now, takenDay: today, today };
  return { taken, takenDay: new Date(taken).toISOString().slice(0, 10), today };
}

/** Clocks of two machines are never quite the same, in milliseconds. */
const TOLERANCE = 300_000;

function aboutFile({ taken, stack }: Fields, now: number): Check[] {
  const time = typeof taken === "string" ? Date.parse(taken) : Number.NaN;
  const problems = Number.isNaN(time)
    ? ["the time is missing"]
    : time > now + TOLERANCE
      ? [`it was taken at ${String(taken)}, which is still to come`]
      : [];
  const named = typeof stack === "string" && stack !== "" ? [] : ["the stack is missing"];
  return [check("file", "taken", "it says when it was taken, and of which stack", [...problems, ...named])];
}

function readParts(fields: Fields): { parts: Partial<Parts>; checks: Check[] } {
  const parts: Partial<Record<PartName, unknown>> = {};
  const wrong: { name: PartName; problems: string[] }[] = [];
  for (const name of PART_NAMES) {
    const result = PARTS[name].safeParse(fields[name]);
    if (result.success) parts[name] = result.data;
    else {
      const problems = result.error.issues.map(
        ({ path, message }) => `${path.map(String).join(".") || name}: ${message}`,
      );
      wrong.push({ name, problems: fields[name] === undefined ? ["is missing"] : problems });
    }
  }
  const sums = isFields(fields.sums) ? fields.sums : {};
  const checks = PART_NAMES.map((name) => {
    const form = wrong.find((one) => one.name === name)?.problems ?? [];
    const same = fields[name] === undefined || sums[name] === contentHash(fields[name]);
    return check(name, "whole", "it is whole", [...form, ...(same ? [] : ["its sum does not match: it was changed"])]);
  });
  return { parts: parts as Partial<Parts>, checks };
}

function judgeParts(parts: Partial<Parts>, moment: Moment): Check[] {
  const { versions, policy, images, sbom, certificates, links, drift, resources } = parts;
  return [
    ...(versions ? judgeVersions(versions) : []),
    ...(policy ? judgePolicy(policy, resources?.list.length, moment) : []),
    ...(images ? judgeImages(images) : []),
    ...(sbom ? judgeSbom(sbom, images) : []),
    ...(certificates ? judgeCertificates(certificates, moment) : []),
    ...(links ? judgeLinks(links, certificates, moment) : []),
    ...(drift ? judgeDrift(drift) : []),
    ...(resources ? judgeResources(resources) : []),
  ];
}
