/** Step 6: where base images come from. Decided once, by trying, and written where the person reads it. */
import { existsSync, readFileSync } from "node:fs";
import { setImageSource } from "../../config/edit.ts";
import { type LoadedSettings, readStackFile } from "../../config/load.ts";
import { DEFAULT_BASE } from "../../domain/images.ts";
import { type Context, stackFile } from "../context.ts";
import type { DockerApi } from "../docker.ts";
import { messageOf } from "../errors.ts";
import { loadSettings } from "../settings.ts";
import { findProgram, installPackages } from "./packages.ts";
import { writeFileAtomic } from "./record.ts";
import type { SetupStep } from "./step.ts";

export type ImageSource = LoadedSettings["image"]["source"];

const TRY_MILLIS = 5_000;

export function imageSourceStep(context: Context, docker: DockerApi, stack: string): SetupStep<string> {
  const file = stackFile(context, stack);
  const ready = (source: ImageSource): boolean =>
    source === "registry" || findProgram("mmdebstrap", context.env) !== undefined;
  return {
    name: "Base image",
    check: async () => {
      const source = writtenSource(file);
      return source !== undefined && ready(source) ? `${source} (as in the stack file)` : undefined;
    },
    run: async (news) => {
      let source = writtenSource(file);
      let note = "as in the stack file";
      if (source === undefined) {
        news("trying the image registry");
        const { reference } = loadSettings(context, stack).image;
        const problem = await tryRegistry(docker, reference ?? DEFAULT_BASE);
        source = problem === undefined ? "registry" : "bootstrap";
        writeFileAtomic(file, setImageSource(readFileSync(file, "utf8"), file, source), 0o644);
        note = `${problem === undefined ? "the registry answers" : `no registry: ${problem}`}; written to ${file}`;
      }
      if (!ready(source)) {
        const purpose = "The tool that makes base images from the distribution's packages";
        await installPackages(context, purpose, ["mmdebstrap"], [], news);
      }
      return `${source} (${note})`;
    },
    describe: (text) => text,
  };
}

/** What the person's file says; undefined when it leaves the answer open. */
export function writtenSource(file: string): ImageSource | undefined {
  if (!existsSync(file)) return undefined;
  const { image } = readStackFile(file).raw as { image?: { source?: ImageSource } };
  return image?.source;
}

/** Asks through the daemon, because the daemon is who will pull: it may have another proxy or other roots than we. */
async function tryRegistry(docker: DockerApi, reference: string): Promise<string | undefined> {
  try {
    const found = await docker.get(`/distribution/${encodeURI(reference)}/json`, TRY_MILLIS);
    return found === undefined ? `${reference} is not there` : undefined;
  } catch (error) {
    return (
      messageOf(error)
        .replace(/^The Docker daemon at \S+ (refused GET \S+|cannot be reached): /, "")
        // Whom the daemon asked for the name's address helps nobody.
        .replace(/ on \S+(?=: no such host)/, "")
        .split("\n")[0]
    );
  }
}
