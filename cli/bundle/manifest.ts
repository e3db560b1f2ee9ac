/** What a bundle says about itself. The first file in it; one line a member, so that a shell script finds a hash too. */
import { createHash } from "node:crypto";
import { CliError } from "../errors.ts";

/** Raised when an older version could not use what a newer one writes. */
export const FORMAT = 1;
export const MANIFEST = "manifest.json";
export const SIGNATURE = "manifest.sig";
/** A shell script reads this one, before there is a Node: gzip, and this name. */
export const NODE_MEMBER = "node.tar.gz";

/** What a member is decides where it goes. */
export const kinds = ["node", "packages", "toolchain", "layer", "privileged", "program", "modules", "debs"] as const;
export type MemberKind = (typeof kinds)[number];

export interface Member {
  /** Name in the bundle: no folders. */
  path: string;
  kind: MemberKind;
  /** Name that it gets below the folder of its kind; the same name always means the same content. */
  key: string;
  size: number;
  sha256: string;
}

/** What it is for: compared where it is used, and told to people. */
export interface Purpose {
  product: string;
  /** Node's names: `x64`, `arm64`. */
  arch: string;
  node: string;
  engine: string;
  plugins: Record<string, string>;
  go: string[];
  /** Such as `gopls 0.16.2 (Go 1.22.6)`. */
  tools: string[];
  image: { suite: string; packages: string[] };
  /** Distribution that the packages are of, such as `debian 12`; empty when there are none. */
  distribution: string;
  docker: string;
  modules: number;
  /** Go settings under which the modules were checked. */
  goEnv: Record<string, string>;
}

export interface Manifest {
  format: number;
  /** Over the members: equal key, equal content. */
  key: string;
  purpose: Purpose;
  members: Member[];
}

export function contentKey(members: readonly Member[]): string {
  const hash = createHash("sha256");
  for (const { path, sha256 } of members) hash.update(`${path} ${sha256}\n`);
  return hash.digest("hex");
}

/** The same manifest gives the same bytes. */
export function renderManifest(manifest: Manifest): string {
  const { members, ...rest } = manifest;
  const head = JSON.stringify(rest, sortedKeys, 2).replace(/\n\}$/, "");
  return `${head},\n  "members": [\n${members.map((member) => `    ${JSON.stringify(member)}`).join(",\n")}\n  ]\n}\n`;
}

function sortedKeys(_name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/;

/** Everything that is used later is checked here: the file comes from outside. */
export function parseManifest(text: string, file: string): Manifest {
  let value: Partial<Manifest>;
  try {
    value = JSON.parse(text) as Partial<Manifest>;
  } catch {
    throw new CliError(`${file}: its ${MANIFEST} cannot be read. It is damaged or no bundle: get it again.`);
  }
  const { format, purpose } = value;
  if (typeof format === "number" && format > FORMAT) {
    throw new CliError(
      `${file} has format ${format}, and this version reads up to ${FORMAT}. Use the checkout that the bundle was made with, or a newer one.`,
    );
  }
  const members: unknown = value.members;
  if (format !== FORMAT || !isPurpose(purpose) || !Array.isArray(members)) {
    throw new CliError(
      `${file}: its ${MANIFEST} is none of format ${FORMAT}. It is damaged or no bundle: get it again.`,
    );
  }
  const checked = members.map((member) => checkMember(member, file));
  const double = checked.find(({ path }, index) => checked.findIndex((other) => other.path === path) !== index);
  if (double !== undefined) throw new CliError(`${file}: its ${MANIFEST} names ${double.path} twice.`);
  if (value.key !== contentKey(checked)) throw new CliError(`${file}: its ${MANIFEST} does not fit its own key.`);
  return { format, key: value.key, purpose, members: checked };
}

function isPurpose(value: unknown): value is Purpose {
  if (typeof value !== "object" || value === null) return false;
  const { product, arch, node, engine, plugins, go, tools, image, distribution, docker, modules, goEnv } =
    value as Partial<Record<keyof Purpose, unknown>>;
  const { suite, packages } = (image ?? {}) as Partial<Record<keyof Purpose["image"], unknown>>;
  return (
    [product, arch, node, engine, distribution, docker, suite].every(isText) &&
    [go, tools, packages].every((list) => Array.isArray(list) && list.every(isText)) &&
    [plugins, goEnv].every((map) => typeof map === "object" && map !== null && Object.values(map).every(isText)) &&
    Number.isSafeInteger(modules)
  );
}

/** One line, of characters that a terminal shows. */
const isText = (value: unknown): boolean => typeof value === "string" && /^[ -~]{0,2000}$/.test(value);

function checkMember(value: unknown, file: string): Member {
  const { path, kind, key, size, sha256 } = (value ?? {}) as Partial<Record<keyof Member, unknown>>;
  const good =
    typeof path === "string" &&
    NAME.test(path) &&
    typeof key === "string" &&
    NAME.test(key) &&
    kinds.some((known) => known === kind) &&
    Number.isSafeInteger(size) &&
    (size as number) >= 0 &&
    typeof sha256 === "string" &&
    /^[0-9a-f]{64}$/.test(sha256);
  if (!good)
    throw new CliError(
      `${file}: its ${MANIFEST} has a member that is not allowed: ${JSON.stringify(value)?.slice(0, 200)}`,
    );
  return value as Member;
}

/** Wrong here means that no part of it could be used. */
export function refuseWrongMachine(manifest: Manifest, file: string): void {
  const { arch } = manifest.purpose;
  if (arch !== process.arch) {
    throw new CliError(
      `${file} is for ${arch}, and this machine is ${process.arch}. Make a bundle on a machine of this kind.`,
    );
  }
}
