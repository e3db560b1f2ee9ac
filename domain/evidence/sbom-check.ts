/** The form of a CycloneDX 1.6 document as far as readers depend on it, without a schema library; tests compare with the schema. */

type Fields = Record<string, unknown>;

const TYPES = new Set(
  "application framework library container platform operating-system device device-driver firmware file machine-learning-model data cryptographic-asset".split(
    " ",
  ),
);

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

export function sbomProblems(document: Fields): string[] {
  const { bomFormat, specVersion, version, metadata, components, dependencies } = document;
  const subject = isFields(metadata) ? metadata.component : undefined;
  const list = Array.isArray(components) ? components : undefined;
  const refs = new Set<unknown>();
  return [
    ...(bomFormat === "CycloneDX" ? [] : ['bomFormat is not "CycloneDX"']),
    ...(specVersion === "1.6" ? [] : [`specVersion is ${JSON.stringify(specVersion)}, not "1.6"`]),
    ...(Number.isInteger(version) && (version as number) >= 1 ? [] : ["version is not a number from 1"]),
    ...(isFields(subject) ? componentProblems(subject, "metadata.component", refs) : ["metadata.component is missing"]),
    ...(list === undefined ? ["components is no list"] : []),
    ...(list?.length === 0 ? ["components is empty"] : []),
    ...(list ?? []).flatMap((one, i) =>
      isFields(one) ? componentProblems(one, `components[${i}]`, refs) : [`components[${i}] is no component`],
    ),
    ...dependencyProblems(dependencies, refs),
  ];
}

function componentProblems(one: Fields, where: string, refs: Set<unknown>): string[] {
  const at = isText(one.name) ? `${where} (${one.name})` : where;
  const problems = [
    ...(isText(one.type) && TYPES.has(one.type) ? [] : [`${at}: type is none of CycloneDX`]),
    ...(isText(one.name) ? [] : [`${at}: name is missing`]),
    ...(isText(one.version) ? [] : [`${at}: version is missing`]),
    ...(one.purl === undefined ? [] : purlProblems(one, at)),
  ];
  const ref = one["bom-ref"];
  if (!isText(ref)) problems.push(`${at}: bom-ref is missing`);
  else if (refs.has(ref)) problems.push(`${at}: bom-ref ${ref} is there twice`);
  refs.add(ref);
  return problems;
}

function purlProblems({ purl, version }: Fields, at: string): string[] {
  const found = isText(purl) ? /^pkg:[a-z]+\/[^@?#]+@([^?#]+)/.exec(purl)?.[1] : undefined;
  if (found === undefined) return [`${at}: purl is no package URL with a version`];
  let named: string;
  try {
    named = decodeURIComponent(found);
  } catch {
    return [`${at}: purl has a damaged version`];
  }
  return named === version ? [] : [`${at}: purl names version ${named}, and the component ${String(version)}`];
}

function dependencyProblems(dependencies: unknown, refs: ReadonlySet<unknown>): string[] {
  if (dependencies === undefined) return [];
  if (!Array.isArray(dependencies)) return ["dependencies is no list"];
  const named = dependencies.flatMap((one: unknown): unknown[] =>
    isFields(one) ? [one.ref, ...(Array.isArray(one.dependsOn) ? one.dependsOn : [])] : [undefined],
  );
  const unknown = [...new Set(named.filter((ref) => !refs.has(ref)))];
  return unknown.map((ref) => `dependencies name ${String(ref)}, which is no component`);
}
