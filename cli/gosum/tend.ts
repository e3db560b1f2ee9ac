/** What `up` does with the go.sum files of the projects: keeps them, says what has changed, warms the module proxy. */
import type { LoadedSettings } from "../../config/load.ts";
import { messageOf } from "../errors.ts";
import { interrupted } from "../interrupt.ts";
import type { Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import { look } from "./seen.ts";
import { type GoSumFile, goSumFiles } from "./sources.ts";

/** What the prefetch needs; undefined when the files could not be kept. */
export interface Tended {
  files: readonly GoSumFile[];
  /** Digest of all modules; empty when there are none. */
  modules: string;
}

/** Before the engine: a build in its smoke test fails of a changed hash, and then this is what explains it. */
export async function lookAtProjects(
  { context, stack }: Pick<Session, "context" | "stack">,
  settings: Pick<LoadedSettings, "projects">,
): Promise<Tended | undefined> {
  const { terminal, stateDir } = context;
  const warn = (text: string): void => terminal.line(terminal.paint("yellow", `! ${text}`));
  try {
    const files = goSumFiles(settings, context.root);
    const { news, warnings, modules } = await look(stateDir, stack, files);
    for (const text of [...news, ...warnings]) warn(text);
    return { files, modules };
  } catch (error) {
    if (interrupted.aborted) throw error;
    // A full disk must not keep a workstation from coming up.
    warn(`The go.sum files of the projects could not be kept: ${messageOf(error)}`);
    return undefined;
  }
}

/** After the engine, which makes the proxy. */
export async function prefetchModules(
  { context, stack, docker }: Session,
  { goProxy }: Pick<LoadedSettings, "goProxy">,
  tended: Tended | undefined,
): Promise<void> {
  const { terminal, stateDir, env } = context;
  if (goProxy.mode === "shared" && (await teamIsAway(terminal, stack, env))) return;
  if (goProxy.mode === "off" || tended === undefined) return;
  const [{ prefetch }, { warmInContainer }] = await Promise.all([
    import("../go-proxy/prefetch.ts"),
    import("../go-proxy/warm.ts"),
  ]);
  await prefetch(terminal, {
    ...{ stateDir, stack, goProxy, modules: tended.modules },
    goSum: async () => (await import("./look.ts")).mergedText(tended.files),
    warm: warmInContainer(stack, docker, env),
  });
}

/** Then each module would only fail of the same. */
async function teamIsAway(terminal: Terminal, stack: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const { healthInContainer, teamWarnings } = await import("../go-proxy/team.ts");
  const warnings = await teamWarnings(healthInContainer(stack, env));
  for (const text of warnings) terminal.line(terminal.paint("yellow", `! ${text}`));
  return warnings.length > 0;
}
