/** Go outside containers: which SDKs and tools go where, and what a shell has to be told. */
import type { Settings } from "../../config/schema.ts";
import type { ResolvedTools } from "../compatibility.ts";
import type { GoToolPin } from "../recipe.ts";

export interface GoHostPlan {
  folder: string;
  sdks: { version: string; tools: GoToolPin[] }[];
  /** Sourced by a shell: the first of go.versions. */
  env: { path: string; content: string };
  /** The block for ~/.profile; undefined when it is not wanted. */
  profile: { path: string; content: string } | undefined;
}

export interface GoHostQuestion {
  settings: Pick<Settings, "go" | "goToolchain">;
  tools: readonly ResolvedTools[];
  home: string;
  absolute: (path: string) => string;
}

export function planGoHost({ settings, tools, home, absolute }: GoHostQuestion): GoHostPlan | undefined {
  const { enabled, folder: written, profile } = settings.goToolchain;
  const [first] = settings.go.versions;
  if (!enabled || first === undefined) return undefined;
  const folder = absolute(written);
  const env = { path: `${folder}/env.sh`, content: renderEnv(folder, first) };
  return {
    folder,
    sdks: tools.map(({ go, pins }) => ({ version: go, tools: pins })),
    env,
    profile: profile
      ? { path: `${home}/.profile`, content: `[ -f ${quote(env.path)} ] && . ${quote(env.path)}\n` }
      : undefined,
  };
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Before everything else on PATH, each once. */
export const hostPath = (folder: string, version: string): string[] => [
  `${folder}/go${version}/bin`,
  `${folder}/go${version}-tools/bin`,
];

/**
 * GOROOT is not set: each `go` knows its own, and a GOROOT of another release breaks builds. GOTOOLCHAIN is local: the
 * release was chosen in the settings, and go.mod does not choose another one behind their back.
 */
function renderEnv(folder: string, version: string): string {
  const folders = hostPath(folder, version).map(quote).join(":");
  return `# Written by go-workstation: Go ${version} and its tools for a shell. \`./workstation env --project NAME\` prints a project's.
case "$PATH" in
  ${folders}:*) ;;
  *) export PATH=${folders}:"$PATH" ;;
esac
export GOTOOLCHAIN=local
unset GOROOT
`;
}
