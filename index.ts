/** The whole stack: settings and facts in, components declared, outputs out. */
import { homedir } from "node:os";
import * as pulumi from "@pulumi/pulumi";
import { DevContainer } from "./components/dev-container.ts";
import { DevImage } from "./components/dev-image.ts";
import { declareMachine } from "./components/machine.ts";
import { declareMesh } from "./components/mesh.ts";
import { ModuleCache } from "./components/module-cache.ts";
import { stackOptions } from "./components/options.ts";
import { declareShared, isConfigSecret } from "./components/shared.ts";
import { SmokeTest } from "./components/smoke-test.ts";
import { parseConfig, splitCredentials } from "./config/program.ts";
import { factsQuestion, planStack } from "./domain/plan.ts";
import { getFacts } from "./resources/workstation.ts";

// Types are stripped in place, so lines are right as they are: mapping each frame of each promise's stack took a second.
Reflect.deleteProperty(Error, "prepareStackTrace");

const stack = pulumi.getStack();
const place = { root: pulumi.getRootDirectory(), home: homedir() };
const parsed = await parseConfig(pulumi.runtime.allConfig(), `${place.root}/Pulumi.${stack}.yaml`);
const { settings, secrets } = splitCredentials(parsed, isConfigSecret);
const plan = planStack(stack, settings, await getFacts(factsQuestion(settings, place)), place);
for (const warning of plan.warnings) await pulumi.log.warn(warning);

const opts = stackOptions(plan);
const trustDependsOn = declareMachine(plan.machine, opts);
const shared = await declareShared(plan, secrets, trustDependsOn, opts);
const byOwner = new Map(
  plan.owners.map(({ suffix, volumes, repository, recipe }) => {
    const cache = new ModuleCache(`cache${suffix}`, { stack, volumes }, opts);
    const image = new DevImage(`dev${suffix}`, { repository, recipe }, opts);
    return [suffix, { cache, image }];
  }),
);

const containers = plan.containers.map((container) => {
  const { cache, image } = byOwner.get(container.owner) as { cache: ModuleCache; image: DevImage };
  const args = { plan: container, imageId: image.imageId };
  const component = new DevContainer(container.project, args, { ...opts, dependsOn: [...shared.all, cache] });
  return { plan: container, image, component };
});

const services = new Map(containers.map(({ plan: { project }, component }) => [project, component.containerId]));
const secure = await declareMesh(plan, services, shared, opts);

const tried = containers.find(({ plan: { project } }) => project === plan.smokeTest);
const smoke =
  tried &&
  new SmokeTest(
    "smoke-test",
    {
      project: tried.plan.project,
      container: tried.component.container,
      containerId: tried.component.containerId,
      imageId: tried.image.imageId,
      goVersion: tried.plan.goVersion,
      digest: tried.plan.digest,
      dockerHost: plan.dockerHost,
    },
    { ...opts, dependsOn: secure.all },
  );

const own = byOwner.get("") as { cache: ModuleCache; image: DevImage };
export const projects = Object.fromEntries(
  containers.map(({ plan: { project, goVersion, path, ports }, image, component }) => [
    project,
    {
      container: component.container,
      containerId: component.containerId,
      image: image.reference,
      goVersion,
      path,
      ports: ports.map((port) => ({ container: port.internal, host: port.external })),
    },
  ]),
);
export const network = shared.workspace.network;
export const goProxy = shared.goProxy;
export const mesh = secure.outputs;
export const volumes = [...byOwner.values()].flatMap(({ cache }) => Object.values(cache.volumes));
export const image = { reference: own.image.reference, id: own.image.imageId, sizeBytes: own.image.size };
export const tools = Object.fromEntries(
  plan.tools.map(({ go, pins }) => [go, Object.fromEntries(pins.map(({ binary, version }) => [binary, version]))]),
);
/** A policy may ask for it. */
export const driftCheck = process.env.WORKSTATION_DRIFT_CHECK || null;
export const smokeTest = smoke ? { project: smoke.project, output: smoke.output } : null;
