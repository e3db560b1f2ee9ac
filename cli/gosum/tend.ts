/** What `up` does with the go.sum files of the projects: keeps them, says what has changed, warms the module proxy. */
import type { LoadedSettings } from "../../config/load.ts";
import { mergeGoSums } from "../../domain/gosum/parse.ts";
import { reasonOf, warmInContainer } from "../go-proxy/warm.ts";
import type { Session } from "../session.ts";
import { type Look, lookAtGoSums, readAll } from "./look.ts";
import { goSumFiles } from "./sources.ts";

export async function tendGoSums(session: Session, settings: LoadedSettings): Promise<void> {
  const { context, stack, docker } = session;
  const { terminal, stateDir, env } = context;
  const warn = (text: string): void => terminal.line(terminal.paint("yellow", `! ${text}`));
  let look: Look;
  const files = goSumFiles(settings, context.root);
  try {
    look = await lookAtGoSums(stateDir, stack, files);
  } catch (error) {
    // A full disk must not keep a workstation from coming up.
    warn(`The go.sum files of the projects could not be kept: ${reasonOf(error)}`);
    return;
  }
  for (const text of [...look.news, ...look.warnings]) warn(text);
  if (settings.goProxy.mode === "off" || look.modules === "") return;
  const { prefetch } = await import("../go-proxy/prefetch.ts");
  await prefetch(terminal, {
    ...{ stateDir, stack, goProxy: settings.goProxy, modules: look.modules },
    goSum: () => mergeGoSums(readAll(files).parsed.map(({ goSum }) => goSum)),
    warm: warmInContainer(stack, docker, env),
  });
}
