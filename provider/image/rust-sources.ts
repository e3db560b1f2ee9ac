/** Which files of a Rust program's folder make it what it is. */
import { readdir } from "node:fs/promises";
import path from "node:path";
import { digestOfFiles } from "../sources-digest.ts";

const LEFT_OUT = new Set(["target", "tests", "benches", "bench"]);

/** Over names and contents of what the compiler reads; tests are left out. */
export async function rustDigest(folder: string): Promise<string> {
  const files = await rustSources(folder);
  if (!files.includes("Cargo.toml") || !files.includes("Cargo.lock"))
    throw new Error(`${folder} is not a Rust program: it has no Cargo.toml with a Cargo.lock`);
  return await digestOfFiles(folder, files);
}

/** Relative, sorted. */
export async function rustSources(folder: string, at = ""): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(path.join(folder, at), { withFileTypes: true })) {
    const name = at === "" ? entry.name : `${at}/${entry.name}`;
    if (entry.isDirectory() && !LEFT_OUT.has(entry.name)) names.push(...(await rustSources(folder, name)));
    if (entry.isFile() && (entry.name.endsWith(".rs") || /^Cargo\.(toml|lock)$/.test(entry.name))) names.push(name);
  }
  return names.sort();
}
