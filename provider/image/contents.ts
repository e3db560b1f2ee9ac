/** A fingerprint of what a Dockerfile can see: an edit there is a new image. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import path from "node:path";
import type { ImageRecipe } from "../../domain/recipe.ts";

const mostFiles = 20_000;

export async function dockerfileContents(recipe: ImageRecipe): Promise<string[]> {
  const hashes: string[] = [];
  for (const layer of recipe.layers) {
    if (layer.kind === "dockerfile") hashes.push(await contextHash(layer.context, layer.dockerfile));
  }
  return hashes;
}

/** The recipe with the digest of each program's sources. */
export async function withSources(recipe: ImageRecipe): Promise<ImageRecipe> {
  const { sourcesDigest } = await import("../go/program-cache.ts");
  const layers = recipe.layers.map(async (layer) => {
    if (layer.kind === "rustProgram") {
      const { rustDigest } = await import("./rust-sources.ts");
      return { ...layer, program: { ...layer.program, digest: await rustDigest(layer.program.module) } };
    }
    if (layer.kind !== "goPrograms") return layer;
    const programs = layer.programs.map(async (program) => ({
      ...program,
      digest: await sourcesDigest(program.module),
    }));
    return { ...layer, programs: await Promise.all(programs) };
  });
  return { ...recipe, layers: await Promise.all(layers) };
}

/** Names, modes and contents, sorted. What `.dockerignore` leaves out counts as well: a false alarm only costs a build. */
async function contextHash(context: string, dockerfile: string): Promise<string> {
  const whole = createHash("sha256").update(`${path.relative(context, dockerfile)}\n`);
  let count = 0;
  const visit = async (at: string): Promise<void> => {
    const entries = await readdir(path.join(context, at), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name === ".git") continue;
      count += 1;
      if (count > mostFiles) {
        throw new Error(
          `the build context ${context} has more than ${mostFiles} files; put the Dockerfile into a folder with only what it needs`,
        );
      }
      const name = path.join(at, entry.name);
      const file = path.join(context, name);
      if (entry.isDirectory()) await visit(name);
      else if (entry.isSymbolicLink()) whole.update(`${name} -> ${await readlink(file)}\n`);
      else if (entry.isFile()) {
        const content = createHash("sha256");
        for await (const part of createReadStream(file)) content.update(part as Buffer);
        whole.update(`${name} ${((await lstat(file)).mode & 0o777).toString(8)} ${content.digest("hex")}\n`);
      }
    }
  };
  await visit("");
  return whole.digest("hex");
}
