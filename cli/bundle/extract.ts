/** Unpacks an archive into an empty folder, and into nothing else, whatever the archive says. */
import { createWriteStream, linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { pipeline } from "node:stream/promises";
import { CliError } from "../errors.ts";
import { readTar, type TarFile } from "./tar-reader.ts";

/** Smaller files are written in one go. */
const small = 1 << 20;

/** `folder` is made. Modes become 755 for programs and folders, 644 for the rest; nothing is anybody else's or set-uid. */
export async function extract(input: AsyncIterable<Buffer>, folder: string, what: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const made = new Map<string, TarFile["type"]>([[".", "directory"]]);
  for await (const entry of readTar(input, what)) {
    const name = safeName(entry.name, what);
    if (name === ".") continue;
    makeFolders(folder, made, posix.dirname(name), what);
    await write(entry, name, folder, made, what);
  }
}

async function write(
  entry: TarFile,
  name: string,
  folder: string,
  made: Map<string, TarFile["type"]>,
  what: string,
): Promise<void> {
  const path = join(folder, name);
  const before = made.get(name);
  if (before !== undefined && !(before === "directory" && entry.type === "directory")) {
    throw refused(what, `${JSON.stringify(name)} stands in it twice`);
  }
  made.set(name, entry.type);
  if (entry.type === "directory") return void (before === undefined && mkdirSync(path));
  if (entry.type === "symlink") return symlinkSync(safeTarget(name, entry.target, what), path);
  if (entry.type === "link") {
    const target = safeName(entry.target, what);
    if (made.get(target) !== "file") {
      throw refused(
        what,
        `${JSON.stringify(name)} is a link to ${JSON.stringify(entry.target)}, which is no file before it`,
      );
    }
    return linkSync(join(folder, target), path);
  }
  const mode = (entry.mode & 0o111) === 0 ? 0o644 : 0o755;
  // `wx`: what is there is never written to, nor followed.
  if (entry.size > small) return await pipeline(entry.body, createWriteStream(path, { flags: "wx", mode }));
  const parts: Buffer[] = [];
  for await (const part of entry.body) parts.push(part);
  writeFileSync(path, Buffer.concat(parts), { flag: "wx", mode });
}

function makeFolders(folder: string, made: Map<string, TarFile["type"]>, name: string, what: string): void {
  const kind = made.get(name);
  if (kind === "directory") return;
  if (kind !== undefined) throw refused(what, `${JSON.stringify(name)} is no folder, and something is to go into it`);
  makeFolders(folder, made, posix.dirname(name), what);
  mkdirSync(join(folder, name));
  made.set(name, "directory");
}

function safeName(name: string, what: string): string {
  const plain = posix.normalize(name.replace(/\/+$/, "") || ".");
  if (name === "" || name.includes("\0") || name.startsWith("/") || plain === ".." || plain.startsWith("../")) {
    throw refused(what, `${JSON.stringify(name)} is no name below the folder it goes to`);
  }
  return plain;
}

function safeTarget(name: string, target: string, what: string): string {
  const to = posix.normalize(posix.join(posix.dirname(name), target));
  if (target === "" || target.includes("\0") || target.startsWith("/") || to === ".." || to.startsWith("../")) {
    throw refused(what, `${JSON.stringify(name)} is a link to ${JSON.stringify(target)}, which is outside`);
  }
  return target;
}

const refused = (what: string, why: string): CliError =>
  new CliError(`${what} was refused: ${why}. No bundle that \`./workstation bundle\` made has that.`);
