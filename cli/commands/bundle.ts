/** `bundle`: one file with all that another machine needs to have this workstation without any network. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseSettings, parseStackFile, SettingsError } from "../../config/load.ts";
import { absolutePath } from "../../domain/plan.ts";
import { makeBundle } from "../bundle/make.ts";
import { type Context, chosenStack, stackFile } from "../context.ts";
import { CliError } from "../errors.ts";
import { loadSettings } from "../settings.ts";
import { findProgram, installPackages } from "../setup/packages.ts";
import { prepareToolchain } from "../setup/toolchain-step.ts";
import { fingerprintOf, ownKey, signingFolder } from "../signing/keys.ts";

export interface BundleOptions {
  projects?: string[];
  out?: string;
  unsigned?: boolean;
}

export async function bundle(context: Context, options: BundleOptions): Promise<number> {
  if (options.out === undefined) throw new CliError("Where the bundle is to be written is missing: --out FILE.");
  const out = resolve(options.out);
  if (!existsSync(dirname(out)) || (existsSync(out) && !statSync(out).isFile())) {
    throw new CliError(`--out ${out} cannot be a file: its folder is missing, or a folder stands there.`);
  }
  const settings = settingsOf(context);
  if (settings.image.dockerfile !== undefined) {
    context.terminal.line(
      `! image.dockerfile (${settings.image.dockerfile}) is built by the other machine's Docker: what its steps download is not in the bundle.`,
    );
  }
  const place = { root: context.root, home: homedir() };
  const own = settings.projects.map(({ path }) => absolutePath(path, place)).filter((path) => existsSync(path));
  const projects = [...new Set([...own, ...(options.projects ?? []).map((folder) => resolve(folder))])];
  await prepareToolchain(context);
  if (findProgram("mmdebstrap", context.env) === undefined) {
    await context.terminal.step("Base image", async (news) => {
      await installPackages(
        context,
        "The tool that makes base images from the distribution's packages",
        ["mmdebstrap"],
        [],
        news,
      );
    });
  }
  const { members, purpose } = await makeBundle(context, {
    settings,
    projects,
    out,
    signed: options.unsigned !== true,
  });
  const size = statSync(out).size;
  const signer =
    options.unsigned === true ? undefined : fingerprintOf(ownKey(signingFolder(context.env, homedir())).publicKey);
  if (context.globals.json) context.print(JSON.stringify({ file: out, size, signer, purpose, members }));
  else {
    context.print(`${out}: ${Math.round(size / 1e6)} MB, ${members.length} members`);
    context.print(
      signer === undefined ? "Not signed: it can only be used with --allow-unsigned." : `Signed by ${signer}`,
    );
    context.print(
      `On the other machine, in a checkout of the same version: ./workstation up --bundle FILE${signer === undefined ? " --allow-unsigned" : ` --signer ${signer}`}`,
    );
  }
  return 0;
}

/** The stack's, else the team's: what a new stack is seeded from. */
function settingsOf(context: Context) {
  const stack = chosenStack(context);
  if (stack !== undefined && existsSync(stackFile(context, stack))) return loadSettings(context, stack);
  const file = join(context.root, "Pulumi.dev.yaml");
  try {
    const { raw, source } = parseStackFile(readFileSync(file, "utf8"), file);
    return parseSettings(raw, source);
  } catch (error) {
    if (error instanceof SettingsError) throw new CliError(error.message);
    throw error;
  }
}
