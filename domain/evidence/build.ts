/** From what was recorded to the payload. The same records give the same text. */
import type { DriftSummary } from "../drift/summary.ts";
import { contentHash } from "../recipe-hash.ts";
import { makeSbom, parseInstalled } from "./sbom.ts";
import { PART_NAMES, PARTS, type Part, type PartName, type Parts, type Payload } from "./schema.ts";
import { cleanAll, cleaner, type Personal } from "./scrub.ts";
import { DEV_IMAGE, declaredOf, imagesOf, type StateResource, toolsOf } from "./state.ts";

/** What a program printed. */
export interface Printed {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Records {
  /** ISO 8601. */
  taken: string;
  stack: string;
  personal: Personal;
  versions: Omit<Part<"versions">, "from">;
  resources: readonly StateResource[];
  policy: Omit<Part<"policy">, "from">;
  /** Digests of layers by image id; none where the image is not there. */
  layers: Readonly<Record<string, readonly string[]>>;
  /** `ASK_INSTALLED` in the development image. */
  installed: string;
  authorities: readonly { container: string; printed: Printed }[];
  links: Omit<Part<"links">, "from">;
  /** What `export` would write, without its signature. */
  exported: object;
  drift: DriftSummary;
}

export function buildPayload(records: Records): Payload {
  const clean = cleaner(records.personal);
  const parts = cleanAll(partsOf(records), clean);
  const whole = {
    ...parts,
    resources: { ...parts.resources, list: sums(records, clean) },
    // Packages are nobody's own: a package that is called like a person stays.
    sbom: sbomOf(records, clean),
  };
  // Read as `verify` reads it: what has no place in the format is left out, and what is missing is told here.
  const read = Object.fromEntries(PART_NAMES.map((name) => [name, PARTS[name].parse(whole[name])])) as Parts;
  const sumOf = (name: PartName): string => contentHash(read[name]);
  return {
    taken: records.taken,
    stack: clean(records.stack),
    sums: Object.fromEntries(PART_NAMES.map((name) => [name, sumOf(name)])) as Payload["sums"],
    ...read,
  };
}

function partsOf(records: Records): Omit<Parts, "sbom"> {
  const { versions, policy, links, drift } = records;
  return {
    versions: { from: "package.json, git, the engine's tools and the Docker daemon", ...versions },
    policy: { from: "the policy pack over the engine's last state, and policy.config.yaml", ...policy },
    export: {
      from: "the stack file, as `export` writes it",
      document: records.exported as Part<"export">["document"],
    },
    images: { from: "the engine's last state and docker inspect", list: images(records) },
    certificates: {
      from: "workstation-ca status in each authority's container",
      authorities: records.authorities.map(({ container, printed }) => authority(container, printed)),
    },
    links: { from: "a connection over each link", ...links },
    drift: { from: "settings, the engine's last state and the machine", ...drift },
    resources: { from: "the engine's last state", list: [] },
  };
}

const images = ({ resources, layers }: Records): Part<"images">["list"] =>
  imagesOf(resources).map((image) => ({ ...image, layers: [...(layers[image.id] ?? [])] }));

const UNREADABLE = "it answered in a form that is not known here";

/** 2 is a finding: it is printed as well. */
function authority(container: string, { code, stdout, stderr }: Printed): Part<"certificates">["authorities"][number] {
  const silent = (problem: string) => ({ container, problem, trusted: [], leaves: [], problems: [], warnings: [] });
  if (code !== 0 && code !== 2) return silent(stderr.trim() || stdout.trim() || `exit ${code}`);
  let value: { authority?: object } | null;
  try {
    value = JSON.parse(stdout) as typeof value;
  } catch {
    return silent("it answered something else than JSON");
  }
  if (value?.authority === undefined) return silent(UNREADABLE);
  const told = { container, problem: null, ...value.authority, ...value };
  const result = PARTS.certificates.shape.authorities.element.safeParse(told);
  return result.success ? result.data : silent(UNREADABLE);
}

/** Over cleaned values: the same declaration on two machines has the same sum. */
function sums({ resources }: Records, clean: (text: string) => string): Part<"resources">["list"] {
  return declaredOf(resources)
    .map(({ type, name, inputs }) => ({ type, name: clean(name), sha256: contentHash(cleanAll(inputs, clean)) }))
    .sort((a, b) => (`${a.type} ${a.name} ${a.sha256}` < `${b.type} ${b.name} ${b.sha256}` ? -1 : 1));
}

function sbomOf({ resources, installed, versions }: Records, clean: (text: string) => string): Part<"sbom"> {
  const image = imagesOf(resources).find(({ resource }) => resource === DEV_IMAGE);
  if (image === undefined) throw new Error(`the state has no image ${DEV_IMAGE}`);
  const reference = clean(image.reference);
  return {
    from: "dpkg-query in the development image, and the stack's output tools",
    image: reference,
    document: makeSbom({
      image: { reference, id: image.id },
      installed: parseInstalled(installed),
      tools: toolsOf(resources),
      product: versions.product ?? "",
    }),
  };
}
