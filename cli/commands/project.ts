/** `project`: edits the projects in the person's own stack file, comments and all else left as they are. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, relative, resolve } from "node:path";
import * as edit from "../../config/edit.ts";
import { parseSettings, parseStackFile, SettingsError } from "../../config/load.ts";
import { absolutePath } from "../../domain/plan.ts";
import { type Context, requireStack, stackFile } from "../context.ts";
import { CliError } from "../errors.ts";
import { loadSettings } from "../settings.ts";
import { writeFileAtomic } from "../setup/record.ts";
import { table } from "../table.ts";

export async function addProject(
  context: Context,
  options: { name?: string; go?: string },
  folder: string,
): Promise<number> {
  const stack = requireStack(context);
  const path = resolve(folder);
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new CliError(`${path} is not a folder. Name the folder of a Go project.`);
  }
  const settings = loadSettings(context, stack);
  const place = { root: context.root, home: homedir() };
  const there = settings.projects.find((project) => absolutePath(project.path, place) === path);
  if (there !== undefined) {
    context.print(`${path} is there already, as "${there.name}".`);
    return 0;
  }
  const entry = {
    path: shorten(path, context.root),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.go === undefined ? {} : { goVersion: options.go }),
  };
  const before = new Set(settings.projects.map((project) => project.name));
  change(context, stack, (text, file) => edit.addProject(text, file, entry));
  const added = loadSettings(context, stack).projects.find((project) => !before.has(project.name));
  if (!existsSync(`${path}/go.mod`)) context.terminal.line(`${path} has no go.mod yet; \`go mod init\` makes one.`);
  context.print(`Added "${added?.name ?? basename(path)}". \`./workstation up\` makes its container.`);
  return 0;
}

/** As a person would write it. */
function shorten(path: string, root: string): string {
  const inside = relative(root, path);
  if (inside !== "" && !inside.startsWith("..")) return inside;
  return path.startsWith(`${homedir()}/`) ? `~${path.slice(homedir().length)}` : path;
}

export async function removeProject(context: Context, _options: object, name: string): Promise<number> {
  const stack = requireStack(context);
  const { projects } = loadSettings(context, stack);
  const index = projects.findIndex((project) => project.name === name);
  if (index === -1) {
    const known = projects.map((project) => project.name).join(", ") || "none";
    throw new CliError(`${basename(stackFile(context, stack))} has no project "${name}". It has: ${known}.`);
  }
  change(context, stack, (text, file) => edit.removeProject(text, file, index));
  context.print(`Removed "${name}"; its folder stays. \`./workstation up\` removes its container.`);
  return 0;
}

/** Written only when the result is good. */
function change(context: Context, stack: string, edited: (text: string, file: string) => string): void {
  const file = stackFile(context, stack);
  const name = basename(file);
  try {
    const text = edited(readFileSync(file, "utf8"), name);
    const { raw, source } = parseStackFile(text, name);
    parseSettings(raw, source);
    writeFileAtomic(file, text, 0o644);
  } catch (error) {
    if (error instanceof SettingsError) throw new CliError(`${error.message}\nNothing was changed.`);
    throw error;
  }
}

export async function listProjects(context: Context): Promise<number> {
  const { projects, go } = loadSettings(context, requireStack(context));
  const rows = projects.map((project) => ({
    name: project.name,
    path: absolutePath(project.path, { root: context.root, home: homedir() }),
    goVersion: project.goVersion ?? go.versions[0] ?? "",
    ports: project.ports,
  }));
  if (context.globals.json) {
    context.print(JSON.stringify({ projects: rows }));
  } else if (rows.length === 0) {
    context.print("No projects. `./workstation project add DIR` adds one.");
  } else {
    const ports = (list: (typeof rows)[number]["ports"]): string =>
      list.map((port) => `127.0.0.1:${port.host}->${port.container}`).join(", ");
    context.print(
      table(
        ["PROJECT", "GO", "FOLDER", "PORTS"],
        rows.map((row) => [row.name, row.goVersion, row.path, ports(row.ports)]),
      ),
    );
  }
  return 0;
}
