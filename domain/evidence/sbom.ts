/** What is in the development image, as CycloneDX 1.6. The same image gives the same text: no date, no random number. */
import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";

export interface DebianPackage {
  name: string;
  version: string;
  arch: string;
  source: string;
  sourceVersion: string;
}

export interface Installed {
  /** Such as `debian` and `bookworm`; empty where the image does not tell. */
  distribution: string;
  suite: string;
  packages: DebianPackage[];
}

export interface GoTool {
  binary: string;
  version: string;
  /** Package path, where it is known. */
  package: string | undefined;
}

export interface SbomQuestion {
  image: { reference: string; id: string };
  installed: Installed;
  /** By Go release. */
  tools: Readonly<Record<string, readonly GoTool[]>>;
  product: string;
}

/** Prints os-release, a line of `--`, and a line for each package; sh and dpkg-query are in every image of Debian's. */
export const ASK_INSTALLED = [
  "cat /etc/os-release",
  "echo --",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills this in, not we
  "dpkg-query -W -f '${db:Status-Status}\\t${Package}\\t${Version}\\t${Architecture}\\t${source:Package}\\t${source:Version}\\n'",
].join(" && ");

export function parseInstalled(text: string): Installed {
  const [release = "", packages = ""] = text.split(/^--\n/m, 2);
  const field = (name: string): string => new RegExp(`^${name}="?([^"\\n]*)"?$`, "m").exec(release)?.[1] ?? "";
  return {
    distribution: field("ID"),
    suite: field("VERSION_CODENAME"),
    packages: packages.split("\n").flatMap((line) => {
      const [status, name, version, arch, source = "", sourceVersion = ""] = line.split("\t");
      if (status !== "installed" || !name || !version || !arch) return [];
      return [{ name, version, arch, source, sourceVersion }];
    }),
  };
}

export function makeSbom({ image, installed, tools, product }: SbomQuestion): Record<string, unknown> {
  const digest = image.id.replace(/^sha256:/, "");
  const subject = new Models.Component(Enums.ComponentType.Container, image.reference.replace(/:[^:/]*$/, ""), {
    version: image.reference.slice(image.reference.lastIndexOf(":") + 1),
    bomRef: image.id,
    hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-256"], digest]]),
  });
  const maker = new Models.Component(Enums.ComponentType.Application, "go-workstation", { version: product });
  const components = [
    ...installed.packages.map((one) => debianComponent(installed, one)),
    ...Object.entries(tools).flatMap(([go, pins]) => [goComponent(go), ...pins.map((pin) => toolComponent(go, pin))]),
  ];
  for (const { bomRef } of components) subject.dependencies.add(bomRef);
  const bom = new Models.Bom({
    metadata: new Models.Metadata({
      component: subject,
      tools: new Models.Tools({ components: new Models.ComponentRepository([maker]) }),
    }),
    components: new Models.ComponentRepository(components),
  });
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return JSON.parse(serializer.serialize(bom, { sortLists: true })) as Record<string, unknown>;
}

const encoded = (text: string): string => encodeURIComponent(text).replaceAll("%3A", ":").replaceAll("!", "%21");
/** In a package URL a version's `+` and `:` are written out. */
const version = (text: string): string => encodeURIComponent(text);

function debianComponent({ distribution, suite }: Installed, one: DebianPackage): Models.Component {
  const more = [
    `arch=${one.arch}`,
    ...(suite === "" ? [] : [`distro=${encoded(suite)}`]),
    ...(one.source === "" || (one.source === one.name && one.sourceVersion === one.version)
      ? []
      : [`upstream=${encodeURIComponent(`${one.source}@${one.sourceVersion}`)}`]),
  ];
  const purl = `pkg:deb/${distribution || "debian"}/${encodeURIComponent(one.name)}@${version(one.version)}?${more.join("&")}`;
  return new Models.Component(Enums.ComponentType.Library, one.name, { version: one.version, purl, bomRef: purl });
}

function goComponent(go: string): Models.Component {
  const purl = `pkg:golang/stdlib@${version(go)}`;
  const cpe = `cpe:2.3:a:golang:go:${go}:*:*:*:*:*:*:*` as const;
  return new Models.Component(Enums.ComponentType.Framework, "go", { version: go, purl, cpe, bomRef: purl });
}

/** The same tool can be there for two releases of Go, each built by its own. */
function toolComponent(go: string, tool: GoTool): Models.Component {
  const purl = `pkg:${tool.package === undefined ? `generic/${tool.binary}` : `golang/${tool.package}`}@${version(tool.version)}`;
  return new Models.Component(Enums.ComponentType.Application, tool.binary, {
    version: tool.version,
    purl,
    bomRef: `${purl}#go${go}`,
    properties: new Models.PropertyRepository([new Models.Property("go-workstation:go", go)]),
  });
}
