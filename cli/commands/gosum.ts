/** `gosum`: every go.sum that was ever seen, and what does not fit it today. */
import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CHANGE_ADVICE, changeText } from "../../domain/gosum/archive.ts";
import { findModules } from "../../domain/gosum/find.ts";
import { type Context, requireStack } from "../context.ts";
import { CliError, exitCodes } from "../errors.ts";
import { changesIn, readAll } from "../gosum/look.ts";
import { goSumFiles } from "../gosum/sources.ts";
import { keepGoSums, type Opened, openArchive } from "../gosum/store.ts";
import { loadSettings } from "../settings.ts";
import { table } from "../table.ts";

export async function addGoSums(context: Context, _options: object, paths: string[]): Promise<number> {
  const files = paths.map((path) => {
    const full = resolve(path);
    const info = statSync(full, { throwIfNoEntry: false });
    if (info === undefined) throw new CliError(`${full} is not there. Name a go.sum, or a folder that has one.`);
    const file = info.isDirectory() ? join(full, "go.sum") : full;
    return { project: dirname(file), file };
  });
  const read = readAll(files);
  const silent = files.filter(({ file }) => !read.kept.some((kept) => kept.file === file));
  const { problems } = read;
  if (silent.length > 0) {
    const lost = problems.length > 0 ? problems : silent.map(({ file }) => `${file} is not there.`);
    throw new CliError(`${lost.join("\n")}\nNothing was kept.`);
  }
  const opened = await keepGoSums(context.stateDir, read.kept, new Date());
  const changes = changesIn(opened, read);
  sayNotes(context, opened);
  for (const problem of problems) warn(context, problem);
  for (const change of changes) warn(context, changeText(change));
  if (context.globals.json) context.print(JSON.stringify({ added: opened.added, changes, problems }));
  else context.print(`${files.length} looked at, ${opened.added.length} new in the archive.`);
  return changes.length > 0 ? exitCodes.drift : exitCodes.success;
}

export async function findGoSum(context: Context, _options: object, query: string): Promise<number> {
  const opened = openArchive(context.stateDir);
  sayNotes(context, opened);
  const matches = findModules(opened.archive, query);
  if (context.globals.json) {
    context.print(JSON.stringify({ matches }));
    return matches.length > 0 ? exitCodes.success : exitCodes.error;
  }
  if (matches.length === 0) {
    throw new CliError(
      `No go.sum that was seen has ${JSON.stringify(query)}. Known: ${opened.archive.entries.size} hashes; \`*\` stands for any text: gosum find '*/yaml*'.`,
    );
  }
  context.print(
    table(
      ["MODULE", "VERSION", "OF", "HASH", "FIRST SEEN", "PROJECTS"],
      matches.map((match) => [
        match.module,
        match.version,
        match.kind === "zip" ? "module" : "go.mod",
        match.changed ? `${match.hash} CHANGED` : match.hash,
        match.firstSeen.slice(0, 10),
        match.projects.join(", "),
      ]),
    ),
  );
  return exitCodes.success;
}

/** Ends with the code of `drift` when something differs, so that a script can tell it from a check that failed. */
export async function checkGoSums(context: Context): Promise<number> {
  const settings = loadSettings(context, requireStack(context));
  const opened = openArchive(context.stateDir);
  const read = readAll(goSumFiles(settings, context.root));
  const changes = changesIn(opened, read);
  sayNotes(context, opened);
  for (const problem of read.problems) warn(context, problem);
  const checked = read.parsed.reduce((sum, { goSum }) => sum + goSum.sums.length, 0);
  if (context.globals.json) {
    context.print(JSON.stringify({ files: read.kept.length, checked, changes, problems: read.problems }));
  } else if (changes.length > 0) {
    for (const change of changes) context.print(context.terminal.paint("red", `CHANGED  ${changeText(change)}`));
    context.print(`\n${changes.length} of ${checked} hashes differ from the archive. ${CHANGE_ADVICE}`);
  } else {
    context.print(`${checked} hashes in ${read.kept.length} files, none other than when it was seen first.`);
  }
  return changes.length > 0 ? exitCodes.drift : exitCodes.success;
}

export async function listGoSums(context: Context): Promise<number> {
  const opened = openArchive(context.stateDir);
  sayNotes(context, opened);
  const { sightings } = opened;
  if (context.globals.json) {
    context.print(JSON.stringify({ sightings }));
  } else if (sightings.length === 0) {
    context.print(
      "No go.sum was seen yet. `./workstation up` keeps those of the projects, `gosum add FILE` any other.",
    );
  } else {
    context.print(
      table(
        ["SEEN", "FILE", "CONTENT"],
        sightings.map(({ time, file, content }) => [time.slice(0, 16).replace("T", " "), file, content.slice(0, 12)]),
      ),
    );
    const contents = new Set(sightings.map(({ content }) => content)).size;
    context.print(`\n${contents} different files, ${opened.archive.entries.size} hashes.`);
  }
  return exitCodes.success;
}

function sayNotes(context: Context, { notes }: Opened): void {
  for (const note of notes) warn(context, `go.sum archive: ${note}`);
}

function warn({ terminal }: Context, text: string): void {
  terminal.line(terminal.paint("yellow", `! ${text}`));
}
