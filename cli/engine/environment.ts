/** The environment in which the engine runs. Composed here only, and printed by `env`: it holds no secret. */
import { delimiter, dirname } from "node:path";
import { socketVariable } from "../../provider/privileged.ts";
import type { Context } from "../context.ts";
import { type Backend, engineHome } from "../setup/state.ts";

export interface EngineSettings {
  backend: Backend;
  /** Folder with `pulumi` and its language host. */
  binDir?: string;
  stack?: string;
}

/** Only what differs from the caller's own environment. */
export function engineEnvironment(context: Pick<Context, "env">, settings: EngineSettings): Record<string, string> {
  const { backend, binDir, stack } = settings;
  const path = [dirname(process.execPath), ...(binDir === undefined ? [] : [binDir])];
  const inherited = (context.env.PATH ?? "").split(delimiter).filter((folder) => !path.includes(folder));
  return {
    PATH: [...path, ...inherited].join(delimiter),
    PULUMI_HOME: engineHome(context.env),
    PULUMI_BACKEND_URL: backend.url,
    ...(backend.passphraseFile === undefined ? {} : { PULUMI_CONFIG_PASSPHRASE_FILE: backend.passphraseFile }),
    ...(stack === undefined ? {} : { PULUMI_STACK: stack }),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Set-up has put the plugins in place; where one is missing, that is the message, not five tries to download it.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
}

/** For a run that has a privileged helper: the provider inherits it from the engine. */
export const privilegedEnvironment = (socket: string): Record<string, string> => ({ [socketVariable]: socket });
