/** What `up` does with the go.sum files of the projects: keeps them, says what has changed, warms the module proxy. */
import type { LoadedSettings } from "../../config/load.ts";
import { messageOf } from "../errors.ts";
import { interrupted } from "../interrupt.ts";
import type { Session } from "../session.ts";
import { type Look, look } from "./seen.ts";
import { type GoSumFile, goSumFiles } from "./sources.ts";

export async function tendGoSums(session: Session, settings: LoadedSettings): Promise<void> {
  const { context, stack, docker } = session;
  const { terminal, stateDir, env } = context;
  const warn = (text: string): void => terminal.line(terminal.paint("yellow", `! ${text}`));
  let files: GoSumFile[];
  let found: Look;
  try {
    files = goSumFiles(settings, context.root);
    found = await look(stateDir, stack, files);
  } catch (error) {
    if (interrupted.aborted) throw error;
    // A full disk must not keep a workstation from coming up.
    warn(`The go.sum files of the projects could not be kept: ${messageOf(error)}`);
    return;
  }
  for (const text of [...found.news, ...found.warnings]) warn(text);
  if (settings.goProxy.mode === "off") return;
  const [{ prefetch }, { warmInContainer }] = await Promise.all([
    import("../go-proxy/prefetch.ts"),
    import("../go-proxy/warm.ts"),
  ]);
  await prefetch(terminal, {
    ...{ stateDir, stack, goProxy: settings.goProxy, modules: found.modules },
    goSum: async () => (await import("./look.ts")).mergedText(files),
    warm: warmInContainer(stack, docker, env),
  });
}
