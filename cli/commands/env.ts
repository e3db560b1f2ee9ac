/** `env`: lines for a shell, after which plain `pulumi` commands work on the same stack. No secret among them. */
import { type Context, chosenStack } from "../context.ts";
import { engineEnvironment } from "../engine/environment.ts";
import { engineHome, findBackend } from "../setup/state.ts";
import { inspectToolchain } from "../setup/toolchain.ts";

export function quote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}

export async function env(context: Context): Promise<number> {
  const home = engineHome(context.env);
  const toolchain = await inspectToolchain({ cacheDir: context.cacheDir, pulumiHome: home, env: context.env });
  const stack = chosenStack(context);
  const variables = engineEnvironment(context, {
    backend: findBackend(context.env, context.stateDir),
    ...(toolchain === undefined ? {} : { binDir: toolchain.binDir }),
    ...(stack === undefined ? {} : { stack }),
  });
  if (context.globals.json) {
    context.print(JSON.stringify(variables));
    return 0;
  }
  for (const [name, value] of Object.entries(variables)) context.print(`export ${name}=${quote(value)}`);
  if (toolchain === undefined) {
    context.terminal.line("The engine is not installed yet: `./workstation up` does that.");
  }
  return 0;
}
