/** Makes a bundle: collects, compresses, signs. */
import { mkdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname } from "node:path";
import type { LoadedSettings } from "../../config/load.ts";
import { withLock } from "../../provider/lock.ts";
import type { Context } from "../context.ts";
import { CliError } from "../errors.ts";
import { interrupted } from "../interrupt.ts";
import { productOf } from "../product.ts";
import { ensurePrivilegedHelper } from "../setup/privileged-build.ts";
import { engineHome } from "../setup/state.ts";
import { inspectToolchain } from "../setup/toolchain.ts";
import { readPins } from "../setup/toolchain-build.ts";
import { findGo } from "../setup/toolchain-go.ts";
import { signingFolder } from "../signing/keys.ts";
import { collectDebs, type Debs } from "./collect/debs.ts";
import { collectImages, type Images } from "./collect/images.ts";
import { collectModules, type Modules } from "./collect/modules.ts";
import { collectNode, collectPackages } from "./collect/node.ts";
import { withFolders } from "./leftovers.ts";
import type { Member, Purpose } from "./manifest.ts";
import { type Content, inOrder, packMember, shortHash, writeBundle } from "./pack.ts";

export interface Making {
  settings: LoadedSettings;
  projects: readonly string[];
  out: string;
  signed: boolean;
}

export interface Made {
  members: Member[];
  purpose: Purpose;
}

export async function makeBundle(context: Context, making: Making): Promise<Made> {
  // Beside the result: it needs as much room again, and a rename.
  const work = `${making.out}.work`;
  const lock = {
    signal: interrupted,
    onWait: (holder: string) => context.terminal.line(`Waiting: ${holder} writes ${making.out} ...`),
  };
  return await withLock(`bundle-out-${shortHash(making.out)}`, lock, async () => {
    // What a killed run left.
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { mode: 0o700 });
    return await withFolders([work], () => make(context, making, work));
  });
}

async function make(context: Context, making: Making, work: string): Promise<Made> {
  const { terminal } = context;
  const node = await terminal.step("Node", (news) => collectNode(context, news));
  const toolchain = await collectToolchain(context);
  const images = await terminal.step(
    "Images",
    (news) => collectImages(context, making.settings, news),
    ({ contents }) => `${contents.length} layers ready`,
  );
  const question = { projects: making.projects, whole: making.settings.goProxy.mode !== "off" };
  const modules = await terminal.step(
    "Modules",
    (news) => collectModules(context, question, work, news),
    ({ count }) => `${count} versions ready`,
  );
  const debs = await terminal.step(
    "Packages",
    (news) => collectDebs(context, work, news),
    (found) => found.distribution || "none: no apt here",
  );
  const contents = [
    node,
    collectPackages(context),
    ...toolchain,
    ...images.contents,
    ...modules.contents,
    ...debs.contents,
    ...(await collectPrivileged(context)),
  ].sort(inOrder);
  const members = await terminal.step("Compress", async (news) => await compress(contents, work, news));
  const purpose = describe(context, making.settings, { node, images, modules, debs });
  const keys = making.signed ? signingFolder(context.env, homedir()) : undefined;
  const whole = { out: making.out, work, members, purpose, keys, signal: interrupted };
  await terminal.step(
    "Bundle",
    () => writeBundle(whole),
    () => making.out,
  );
  return { members, purpose };
}

/** Two at a time: one compresses while the other reads. */
async function compress(contents: readonly Content[], work: string, news: (text: string) => void): Promise<Member[]> {
  const members: Member[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < contents.length; index = next++) {
      const content = contents[index] as Content;
      news(`${content.path} (${index + 1} of ${contents.length})`);
      members[index] = await packMember(content, work, interrupted);
    }
  };
  await Promise.all([worker(), worker()]);
  return members;
}

/** The folder that set-up made. An engine that somebody installed cannot be taken along as it is. */
async function collectToolchain(context: Context): Promise<Content[]> {
  const { binDir, source } =
    (await inspectToolchain({ cacheDir: context.cacheDir, pulumiHome: engineHome(context.env), env: context.env })) ??
    {};
  if (binDir === undefined)
    throw new CliError("The engine and its plugins are not installed yet. `./workstation up` does that.");
  if (source === "path") {
    throw new CliError(
      `The engine in use is one that was installed on this machine (${binDir}), and only one that set-up made can be bundled. Run this with a PATH without it.`,
    );
  }
  const folder = dirname(binDir);
  const key = basename(folder);
  return [{ path: `toolchain-${key}.tar.zst`, kind: "toolchain", key, folder }];
}

/** Root's small helper, for a machine whose user is not root. Built here: there may be no Go there. */
async function collectPrivileged(context: Context): Promise<Content[]> {
  if (findGo(context.env) === undefined) return [];
  const folder = dirname(await ensurePrivilegedHelper({ cacheDir: context.cacheDir, env: context.env }));
  const key = basename(folder);
  return [{ path: `privileged-${key}.tar.zst`, kind: "privileged", key, folder }];
}

function describe(
  context: Context,
  settings: LoadedSettings,
  { node, images, modules, debs }: { node: Content; images: Images; modules: Modules; debs: Debs },
): Purpose {
  const pins = readPins();
  return {
    product: productOf(context.root),
    arch: process.arch,
    node: node.key,
    engine: pins.pulumi,
    plugins: pins.plugins,
    go: settings.go.versions,
    tools: images.tools.flatMap(({ go, pins: tools }) =>
      tools.map((tool) => `${tool.binary} ${tool.version} (Go ${go})`),
    ),
    image: { suite: settings.image.suite, packages: settings.image.packages },
    distribution: debs.distribution,
    docker: debs.docker,
    modules: modules.count,
    goEnv: modules.goEnv,
  };
}
