/** `env`: lines for a shell, after which plain `pulumi` commands work on the same stack. No secret among them. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter } from "node:path";
import { hostPath } from "../../domain/go-host/plan.ts";
import { hostEnvironment } from "../../domain/go-proxy/addresses.ts";
import { absolutePath } from "../../domain/plan.ts";
import { type Context, chosenStack, requireStack, stackFile } from "../context.ts";
import { engineEnvironment } from "../engine/environment.ts";
import { CliError } from "../errors.ts";
import { driftCheck } from "../schedule/record.ts";
import { loadSettings } from "../settings.ts";
import { engineHome, findBackend } from "../setup/state.ts";
import { inspectToolchain } from "../setup/toolchain.ts";

export function quote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}

export async function env(context: Context, options: { project?: string } = {}): Promise<number> {
  if (options.project !== undefined) return await goEnv(context, options.project);
  const home = engineHome(context.env);
  const toolchain = await inspectToolchain({ cacheDir: context.cacheDir, pulumiHome: home, env: context.env });
  const stack = chosenStack(context);
  const variables = engineEnvironment(context, {
    backend: findBackend(context.env, context.stateDir),
    ...(toolchain === undefined ? {} : { binDir: toolchain.binDir }),
    ...(stack === undefined ? {} : { stack }),
  });
  if (stack !== undefined) {
    Object.assign(variables, driftCheck(context.stateDir, stack), proxyEnvironment(context, stack));
  }
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

/** For Go outside containers, where the settings want the module proxy there too. */
function proxyEnvironment(context: Context, stack: string): Record<string, string> {
  if (!existsSync(stackFile(context, stack))) return {};
  return hostEnvironment(context.root, stack, loadSettings(context, stack), context.env);
}

/** A project's Go outside its container, for a shell that edits there. */
async function goEnv(context: Context, name: string): Promise<number> {
  const settings = loadSettings(context, requireStack(context));
  const project = settings.projects.find((one) => one.name === name);
  if (project === undefined) {
    const known = settings.projects.map((one) => one.name).join(", ") || "none";
    throw new CliError(`There is no project ${JSON.stringify(name)} in the settings; there are: ${known}.`);
  }
  if (!settings.goToolchain.enabled) {
    throw new CliError(
      "Go is not installed outside containers: set goToolchain.enabled to true and run `./workstation up`.",
    );
  }
  const version = project.goVersion ?? settings.go.versions[0] ?? "";
  const folder = absolutePath(settings.goToolchain.folder, { root: context.root, home: homedir() });
  const folders = hostPath(folder, version);
  // Of another project's, or of the first one's in the profile.
  const others = (context.env.PATH ?? "").split(delimiter).filter((one) => !one.startsWith(`${folder}/go1.`));
  const proxy = proxyEnvironment(context, requireStack(context));
  const path = [...folders, ...others].join(delimiter);
  const variables = { PATH: path, GOTOOLCHAIN: "local", ...settings.go.env, ...proxy };
  if (context.globals.json) {
    context.print(JSON.stringify(variables));
    return 0;
  }
  for (const [key, value] of Object.entries(variables)) context.print(`export ${key}=${quote(value)}`);
  context.print("unset GOROOT");
  return 0;
}
