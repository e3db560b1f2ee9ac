/** What the engine's last state says of the stack, as far as evidence needs it. */
import type { ImageRecipe } from "../recipe.ts";
import type { GoTool } from "./sbom.ts";

export interface StateResource {
  urn: string;
  type: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  /** The old one of a replacement that was interrupted. */
  delete?: boolean;
}

const current = (resources: readonly StateResource[], type: string): StateResource[] =>
  resources.filter((resource) => resource.type === type && resource.delete !== true);

const nameOf = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);

/** Fixed by the engine's protocol: what carries it is a secret, or something else that is no plain value. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Without any secret, encrypted or not. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (value === null || typeof value !== "object") return value;
  if (SIGNATURE in value) return "[secret]";
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutSecrets(item)]));
}

export interface DeclaredImage {
  resource: string;
  reference: string;
  id: string;
  recipe: string;
  base: string | null;
}

const IMAGE = "workstation:index:LocalImage";
const CONTAINER = "docker:index/container:Container";
const text = (value: unknown): string => (typeof value === "string" ? value : "");

export function imagesOf(resources: readonly StateResource[]): DeclaredImage[] {
  return current(resources, IMAGE)
    .map(({ urn, inputs = {}, outputs = {} }) => {
      const base = (inputs.recipe as Partial<ImageRecipe> | undefined)?.base;
      return {
        resource: nameOf(urn),
        reference: text(outputs.reference),
        id: text(outputs.imageId),
        recipe: text(outputs.hash),
        base: base?.kind === "image" ? base.reference : null,
      };
    })
    .sort((a, b) => (a.reference < b.reference ? -1 : 1));
}

/** Of whoever runs `up`; other owners' images differ in the user only. */
export const DEV_IMAGE = "dev-image";

/** As the stack's output `tools` names them; the recipe of the image knows their packages. */
export function toolsOf(resources: readonly StateResource[]): Record<string, GoTool[]> {
  const outputs = resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
  const tools = (outputs.tools ?? {}) as Record<string, Record<string, string>>;
  const image = current(resources, IMAGE).find(({ urn }) => nameOf(urn) === DEV_IMAGE);
  const layers = (image?.inputs?.recipe as Partial<ImageRecipe> | undefined)?.layers ?? [];
  const pins = layers.flatMap((layer) => (layer.kind === "goTools" ? layer.tools : []));
  return Object.fromEntries(
    Object.entries(tools).map(([go, binaries]) => [
      go,
      Object.entries(binaries).map(([binary, version]) => {
        const pin = pins.find((one) => one.binary === binary && one.version === version);
        return { binary, version, package: pin?.package };
      }),
    ]),
  );
}

export interface AuthorityContainer {
  name: string;
  /** Asks it for what it keeps. */
  command: string[];
}

/** Containers that keep certificates fresh. */
export function authoritiesOf(resources: readonly StateResource[]): AuthorityContainer[] {
  return current(resources, CONTAINER)
    .flatMap(({ inputs = {} }) => {
      const [program, verb, ...files] = Array.isArray(inputs.command) ? inputs.command.map(String) : [];
      if (program === undefined || !/(^|\/)workstation-ca$/.test(program) || verb !== "serve") return [];
      return [{ name: text(inputs.name), command: [program, "status", ...files, "--json"] }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export const declaredOf = (resources: readonly StateResource[]): { type: string; name: string; inputs: unknown }[] =>
  resources.map(({ urn, type, inputs = {} }) => ({ type, name: nameOf(urn), inputs: withoutSecrets(inputs) }));
