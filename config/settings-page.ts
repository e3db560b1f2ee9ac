/** docs/settings.md: every key with its type, default and meaning, from the schema that checks it. */
import { stackFileSchema } from "./json-schema.ts";

interface Node {
  type?: string | string[];
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  properties?: Record<string, Node>;
  required?: string[];
  items?: Node;
  anyOf?: Node[];
  additionalProperties?: Node | boolean;
}

const INTRODUCTION = `# Settings

All settings stand in \`Pulumi.<stack>.yaml\` below \`config:\`. \`Pulumi.dev.yaml\` is the team's default and committed; a
person's own file is begun from it by the first \`./workstation up\`, and git ignores it. An editor with YAML support
reads \`config/stack.schema.json\`, completes keys and marks mistakes. This page is written by
\`node config/write-schema.ts\` from the schema that checks the settings.

A mistake is answered with one line for each: the file, the line, the key, the value as given and what is allowed.
Nothing is changed then.
`;

const NOTES = `
## Notes

- **Base image by digest.** Without \`image.reference\`, \`registry\` takes golang:1.22-bookworm by the digest under which its
  last release (1.22.12) was published. The digest was taken from public sources, not from a pull. For another base, ask
  the registry: \`docker buildx imagetools inspect golang:1.22-bookworm\` prints the digest. The Go that such an image brings
  along is not used: the SDKs of \`go.versions\` come before it on PATH.
- **Memory** is the whole limit: containers get no swap beyond it.
- **\`pids\`** counts processes and threads of the container alone.
- **Go settings.** Containers inherit GOPROXY, GOSUMDB and the private lists from this machine's \`go env\`, and its proxy
  variables. User names and passwords in such addresses are left out, and an address that means this machine (localhost)
  is not passed on; a warning says so. In \`go.env\`, an address with a password is refused.
- **Versions of tools.** \`auto\` is the newest that builds with and works for each Go in \`go.versions\`. A version by name must
  work with all of them; otherwise the preview is refused with the versions that can.
- **A folder that root owns.** Containers never run as root. Its container runs as 1000:1000, which can read and build but
  not write there; \`chown -R 1000:1000 DIR\` gives the folder to that user. Projects of a second owner get an image and caches
  of their own.
- **Secrets** do not belong here: the environment of a container can be read by everyone who may inspect it.
`;

export function renderSettingsPage(): string {
  const config = (stackFileSchema() as { properties: { config: Node } }).properties.config;
  const sections = Object.entries(config.properties ?? {}).map(([key, node]) => section(key, node));
  return `${INTRODUCTION}\n${sections.join("\n")}${NOTES}`;
}

function section(key: string, node: Node): string {
  const rows = leaves(key.replace(/^[^:]+:/, ""), node);
  const lines = rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`);
  const about = node.description === undefined ? "" : `${node.description}\n\n`;
  return `## \`${key}\`\n\n${about}| key | type | default | meaning |\n|---|---|---|---|\n${lines.join("\n")}\n`;
}

type Row = [key: string, type: string, fallback: string, meaning: string];

function leaves(path: string, node: Node, required = false): Row[] {
  const inner = node.items?.properties;
  if (inner !== undefined) {
    const list: Row = [
      `\`${path}\``,
      "list",
      fallback(node, required),
      path.includes(".") || path.includes("[") ? (node.description ?? "") : "",
    ];
    return [list, ...properties(`${path}[]`, node.items as Node)];
  }
  if (node.properties !== undefined) return properties(path, node);
  const group = node.anyOf?.find((one) => one.properties !== undefined);
  if (group !== undefined) {
    return [
      [`\`${path}\``, typeText(node), fallback(node, required), node.description ?? ""],
      ...properties(path, group),
    ];
  }
  return [[`\`${path}\``, typeText(node), fallback(node, required), node.description ?? ""]];
}

const properties = (path: string, node: Node): Row[] =>
  Object.entries(node.properties ?? {}).flatMap(([key, child]) =>
    leaves(`${path}.${key}`, child, node.required?.includes(key) === true),
  );

const fallback = (node: Node, required: boolean): string =>
  required ? "required" : node.default === undefined ? "-" : `\`${JSON.stringify(node.default)}\``;

function typeText(node: Node): string {
  if (node.anyOf !== undefined) return node.anyOf.map(typeText).join(" or ");
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (node.type === "array") return `list of ${typeText(node.items ?? {})}`;
  if (node.type === "object") return "group of names and values";
  if (node.type === "integer") return `whole number, ${node.minimum} to ${node.maximum}`;
  if (node.type === "number") return `number, at most ${node.maximum}`;
  if (node.type === "string") return node.pattern === undefined ? "text" : `text, \`${node.pattern}\``;
  return node.type === "boolean" ? "true or false" : String(node.type ?? "anything");
}
