/** `up --bundle`: the part before the ordinary `up`, and what the person's settings have to say from then on. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import { setGoEnv, setImageSource } from "../../config/edit.ts";
import type { Plan } from "../../domain/plan.ts";
import type { TarLayer } from "../../provider/image/layer-names.ts";
import { type Context, stackFile } from "../context.ts";
import { CliError } from "../errors.ts";
import { writeFileAtomic } from "../setup/record.ts";
import { signingFolder } from "../signing/keys.ts";
import { madeLocally } from "./layers.ts";
import { bundledFolder, bundleRecord } from "./record.ts";
import { placedVariable, takeBundle } from "./take.ts";
import { type Consent, judgeSigner } from "./trusted.ts";
import { openBundle } from "./unpack.ts";

export interface BundleChoice extends Consent {
  bundle?: string;
}

export async function useBundle(context: Context, choice: BundleChoice & { bundle: string }): Promise<void> {
  const file = resolve(choice.bundle);
  const placed = context.env[placedVariable];
  delete context.env[placedVariable];
  if (placed !== undefined && placed === bundleRecord(context.cacheDir)?.key) {
    const opened = await openBundle(file);
    if (opened.manifest.key === placed) {
      judgeSigner(opened, file, signingFolder(context.env, homedir()), choice);
      return;
    }
  }
  const { root, cacheDir, env, terminal } = context;
  await takeBundle({ ...choice, file, root, cacheDir, env, terminal });
}

/** Where base images and modules come from: written where the person reads it, because later runs have no `--bundle`. */
export function keepInSettings(context: Context, stack: string): void {
  const record = bundleRecord(context.cacheDir);
  if (record === undefined) throw new CliError(`${join(context.cacheDir, "bundle.json")} is gone. Run this again.`);
  const file = stackFile(context, stack);
  const before = readFileSync(file, "utf8");
  let text = setImageSource(before, file, "bootstrap");
  const modules = bundledFolder(context.cacheDir, "modules");
  const values: Record<string, string> =
    modules === undefined
      ? {}
      : {
          GOPROXY: `file://${encodeURI(join(modules, "proxy"))}`,
          // Private modules too: nobody else can be asked.
          GONOPROXY: "none",
          ...record.purpose.goEnv,
        };
  for (const [name, value] of Object.entries(values)) text = setGoEnv(text, file, name, value);
  if (text === before) return;
  writeFileAtomic(file, text, 0o644);
  const what = ["image.source: bootstrap", ...Object.keys(values).map((name) => `go.env.${name}`)].join(", ");
  context.terminal.line(`Settings: written to ${basename(file)} for runs without a network: ${what}`);
}

/** The settings ask for more than the bundle brought: said before the engine starts and asks a network. */
export async function missingLayers(context: Context, plan: Plan): Promise<void> {
  const [{ machineHost }, { layersIfCached }, { withSources }] = await Promise.all([
    import("../../provider/host.ts"),
    import("../../provider/image/layer-names.ts"),
    import("../../provider/image/contents.ts"),
  ]);
  const host = machineHost({ env: context.env });
  const recipes = [
    ...plan.owners.map(({ recipe }) => recipe),
    ...(plan.goProxy === undefined ? [] : [plan.goProxy.image.recipe]),
    ...(plan.mesh === undefined ? [] : [plan.mesh.image.recipe]),
  ];
  for (const recipe of recipes) {
    if (recipe.base.kind !== "rootfs") continue;
    const layers = (await withSources(recipe)).layers.filter(
      (layer): layer is TarLayer => layer.kind !== "dockerfile" && !madeLocally(layer),
    );
    if ((await layersIfCached(host, recipe.base, layers)) !== undefined) continue;
    const { go, image } = bundleRecord(context.cacheDir)?.purpose ?? { go: [], image: { suite: "", packages: [] } };
    const packages = image.packages.length === 0 ? "" : ` with ${image.packages.join(", ")}`;
    throw new CliError(
      `The settings need image layers that the bundle has not: it is for Go ${go.join(", ")} and Debian ${image.suite}${packages}, with the tools of that time. Make the settings (go, image, goProxy) like those that it was made with, or make a bundle for these.`,
    );
  }
}
