/** Asks engine's state, Docker, containers and settings for everything that evidence says. Changes nothing. */
import type { LoadedSettings } from "../../config/load.ts";
import type { DriftSummary } from "../../domain/drift/summary.ts";
import { buildPayload, type Printed, type Records } from "../../domain/evidence/build.ts";
import { ASK_INSTALLED } from "../../domain/evidence/sbom.ts";
import type { Part, Payload } from "../../domain/evidence/schema.ts";
import { authoritiesOf, DEV_IMAGE, imagesOf, type StateResource } from "../../domain/evidence/state.ts";
import { judgeStack } from "../../policy/judge.ts";
import { policyOf } from "../../policy/policy.ts";
import { readDeployment } from "../../policy/snapshot.ts";
import { findDrift } from "../commands/drift.ts";
import { type Context, stackFile } from "../context.ts";
import type { Deployment } from "../engine/checkpoint.ts";
import { CliError } from "../errors.ts";
import { describe } from "../export/describe.ts";
import { linkStatuses, runInContainer } from "../mesh.ts";
import { readPolicyConfig } from "../policy/config.ts";
import { jsonReport } from "../policy/report.ts";
import { run } from "../process.ts";
import { findEngine, requireState, type Session } from "../session.ts";
import { loadSettings } from "../settings.ts";
import { personalOf } from "./personal.ts";
import { readVersions } from "./versions.ts";

/** `look` compares settings, state and machine. */
export async function collectEvidence(
  session: Session,
  now: Date,
  look: (session: Session) => Promise<{ summary: DriftSummary }> = findDrift,
  exportOf: (context: Context, file: string) => Promise<{ payload: object }> = describe,
): Promise<Payload> {
  const { context, stack } = session;
  const settings = loadSettings(context, stack);
  const { terminal } = context;
  const state = async () => await requireState(session, async () => await findEngine(session));
  const { deployment, digest } = await state();
  const { summary: drift } = await look(session);
  const { payload: exported } = await exportOf(context, stackFile(context, stack));
  const records = await terminal.step("Evidence", async (news) => await record(session, settings, deployment, news));
  // Parts of two different states would contradict each other.
  if ((await state()).digest !== digest) {
    throw new CliError(`The stack "${stack}" was changed while evidence was taken. Take it again when that has ended.`);
  }
  return buildPayload({ ...records, exported, taken: now.toISOString(), stack, drift });
}

type Said = Omit<Records, "taken" | "stack" | "drift" | "exported">;

/** All but drift, which may need the engine. */
export async function record(
  session: Session,
  settings: LoadedSettings,
  deployment: Deployment,
  news: (text: string) => void,
): Promise<Said> {
  const { context } = session;
  const resources = deployment.resources ?? [];
  news("asking authorities and links");
  const [versions, policy, layers, authorities, links] = await Promise.all([
    readVersions(session),
    judge(session, deployment),
    readLayers(session, resources),
    askAuthorities(session, resources),
    readLinks(session, settings),
  ]);
  news("listing what is in the development image");
  const installed = await readInstalled(session, resources);
  const personal = personalOf(context, settings);
  return { personal, versions, resources, policy, layers, installed, authorities, links };
}

async function judge({ context, stack }: Session, deployment: Deployment): Promise<Records["policy"]> {
  const config = await readPolicyConfig(context);
  const policy = policyOf(config);
  const snapshot = readDeployment(deployment);
  const judgement = judgeStack(policy, snapshot);
  const { resources, skipped } = snapshot;
  const about = { stack: snapshot.stack ?? stack, source: "state", lines: new Map(), rules: policy.rules };
  const report = jsonReport({ ...about, judgement, resources: resources.length, skipped });
  const rules = Object.entries(config.rules ?? {}).map(([id, { level, options }]) => [
    id,
    { ...(level === undefined ? {} : { level }), ...(options === undefined ? {} : { options }) },
  ]);
  return {
    report: JSON.parse(report) as Part<"policy">["report"],
    configuration: { undecided: policy.undecided, rules: Object.fromEntries(rules) },
    exemptions: [...(config.exemptions ?? [])],
  };
}

interface ImageInspect {
  RootFS?: { Layers?: string[] | null };
}

async function readLayers({ docker }: Session, resources: readonly StateResource[]): Promise<Records["layers"]> {
  const ids = imagesOf(resources).map(({ id }) => id);
  const found = await Promise.all(
    ids.map(async (id) => {
      const image = id === "" ? undefined : await docker.get<ImageInspect>(`/images/${id}/json`);
      return [id, image?.RootFS?.Layers ?? []] as const;
    }),
  );
  return Object.fromEntries(found);
}

async function askAuthorities(session: Session, resources: readonly StateResource[]): Promise<Records["authorities"]> {
  const exec = runInContainer(session.context.env);
  const ask = async (name: string, command: readonly string[]): Promise<Printed> => await exec(name, command);
  return await Promise.all(
    authoritiesOf(resources).map(async ({ name, command }) => ({ container: name, printed: await ask(name, command) })),
  );
}

async function readLinks({ context, stack }: Session, settings: LoadedSettings): Promise<Records["links"]> {
  if (!settings.mesh.enabled) return { enabled: false, list: [] };
  const list = await linkStatuses(stack, settings, runInContainer(context.env));
  return { enabled: true, list };
}

/** Nothing of the image is trusted with anything: no network, no rights, nothing to write to. */
const ALONE = [
  ...["--rm", "--pull", "never", "--network", "none", "--read-only", "--cap-drop", "ALL"],
  ...["--security-opt", "no-new-privileges", "--pids-limit", "64", "--memory", "256m", "--entrypoint", "/bin/sh"],
];

async function readInstalled(session: Session, resources: readonly StateResource[]): Promise<string> {
  const image = imagesOf(resources).find(({ resource }) => resource === DEV_IMAGE);
  if (image === undefined || image.id === "") {
    throw new CliError(`The stack "${session.stack}" has no development image yet. \`./workstation up\` makes it.`);
  }
  const { env } = session.context;
  const { code, stdout, stderr } = await run("docker", ["run", ...ALONE, image.id, "-c", ASK_INSTALLED], { env });
  if (code === 0) return stdout;
  throw new CliError(
    `The packages of the development image ${image.reference} cannot be listed, so there is no SBOM (dpkg-query in it ended with code ${code}): ${stderr.trim()}\n` +
      "It has to be of Debian's family, and be there: `./workstation drift` tells.",
  );
}
