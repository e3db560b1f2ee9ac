import { DevContainer } from "../../components/dev-container.ts";
import { DevImage } from "../../components/dev-image.ts";
import { labelList } from "../../components/labels.ts";
import { ModuleCache } from "../../components/module-cache.ts";
import { SmokeTest } from "../../components/smoke-test.ts";
import { Workspace } from "../../components/workspace.ts";
import { parseSettings } from "../../config/load.ts";
import { planStack } from "../../domain/plan.ts";
import { folder, machine } from "../domain/machine.ts";
import { type StandInEngine, settled, startStandInEngine } from "./mocks.ts";

let engine: StandInEngine;
beforeEach(async () => {
  engine = await startStandInEngine(undefined);
});

const settings = parseSettings({
  container: { memory: "1GiB", cpus: 2, pids: 128, debug: true },
  projects: [{ path: "hello", ports: [{ container: 80, host: 8080 }], env: { A: "b" } }],
});
const plan = planStack("dev", settings, machine([folder("/src/hello")]), { root: "/ws", home: "/home/ada" });
const [containerPlan] = plan.containers;
const [ownerPlan] = plan.owners;
if (containerPlan === undefined || ownerPlan === undefined) throw new Error("the plan has a container and an owner");

const types = (): string[] => engine.declared.map(({ type }) => type).sort();

test("labels come in one order", () => {
  expect(labelList({ b: "2", a: "1" })).toEqual([
    { label: "a", value: "1" },
    { label: "b", value: "2" },
  ]);
});

test("Workspace: a network, git's configuration and the roots", async () => {
  const workspace = new Workspace("workspace", plan);
  await settled(workspace.urn);
  expect(await settled(workspace.network)).toBe("gows-dev");
  expect(await settled(workspace.gitConfig)).toBe("/ws/.workstation/dev/etc/gitconfig");
  expect(types()).toEqual([
    "docker:index/network:Network",
    "workstation:components:Workspace",
    "workstation:index:ManagedFile",
    "workstation:index:TrustBundle",
  ]);
  expect(engine.only("workstation:index:TrustBundle")[0]?.inputs).toEqual(plan.trust);
  expect(engine.only("docker:index/network:Network")).toEqual([
    {
      type: "docker:index/network:Network",
      name: "workspace-network",
      inputs: {
        name: "gows-dev",
        driver: "bridge",
        labels: [
          { label: "io.go-workstation.resource", value: "workspace-network" },
          { label: "io.go-workstation.stack", value: "dev" },
        ],
      },
    },
  ]);
  expect(engine.only("workstation:index:ManagedFile")[0]?.inputs).toEqual({
    path: "/ws/.workstation/dev/etc/gitconfig",
    content: plan.gitConfig.content,
    permissions: "0644",
  });
});

test("ModuleCache: three volumes", async () => {
  const cache = new ModuleCache("cache", { stack: "dev", volumes: ownerPlan.volumes });
  await settled(cache.urn);
  expect(await Promise.all(Object.values(cache.volumes).map(settled))).toEqual([
    "gows-dev-gomod",
    "gows-dev-gobuild",
    "gows-dev-gopls",
  ]);
  expect(
    engine.only("docker:index/volume:Volume").map(({ name, inputs }) => [name, inputs.name, inputs.driver]),
  ).toEqual([
    ["cache-gomod", "gows-dev-gomod", "local"],
    ["cache-gobuild", "gows-dev-gobuild", "local"],
    ["cache-gopls", "gows-dev-gopls", "local"],
  ]);
  expect(engine.declared).toHaveLength(4);
});

test("DevImage: one image by recipe", async () => {
  const image = new DevImage("dev", { repository: ownerPlan.repository, recipe: ownerPlan.recipe });
  await settled(image.urn);
  expect(await settled(image.imageId)).toBe("sha256:dev-image");
  expect(await settled(image.reference)).toBe("dev-image:tag");
  expect(await settled(image.size)).toBe(5);
  expect(engine.only("workstation:index:LocalImage")).toEqual([
    {
      type: "workstation:index:LocalImage",
      name: "dev-image",
      inputs: { repository: "go-workstation/dev/dev", recipe: ownerPlan.recipe },
    },
  ]);
  expect(engine.declared).toHaveLength(2);
});

test("DevContainer: a confined container with the image's id, and the limit on its processes", async () => {
  const container = new DevContainer("hello", { plan: containerPlan, imageId: "sha256:x" });
  await settled(container.urn);
  expect(await settled(container.container)).toBe("gows-dev-hello");
  expect(await settled(container.containerId)).toBe("id-of-hello-container");
  expect(types()).toEqual([
    "docker:index/container:Container",
    "workstation:components:DevContainer",
    "workstation:index:ProcessLimit",
  ]);
  const { healthcheck, ...inputs } = engine.only("docker:index/container:Container")[0]?.inputs ?? {};
  expect(inputs).toEqual({
    name: "gows-dev-hello",
    hostname: "hello",
    image: "sha256:x",
    command: containerPlan.command,
    user: "1000:1000",
    workingDir: "/workspaces/hello",
    envs: containerPlan.envs,
    labels: labelList(containerPlan.labels),
    mounts: containerPlan.mounts,
    ports: [{ internal: 80, external: 8080, ip: "127.0.0.1", protocol: "tcp" }],
    networkMode: "gows-dev",
    capabilities: { adds: ["CAP_SYS_PTRACE"], drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    init: true,
    memory: 1024,
    memorySwap: 1024,
    cpus: "2.0",
    shmSize: 64,
    logDriver: "json-file",
    logOpts: { "max-file": "3", "max-size": "10m" },
    restart: "unless-stopped",
    stopTimeout: 5,
    mustRun: true,
  });
  expect(healthcheck).toMatchObject({ interval: "1m0s", timeout: "10s", startPeriod: "5s", retries: 3 });
  expect(engine.only("workstation:index:ProcessLimit")[0]?.inputs).toEqual({
    container: "id-of-hello-container",
    limit: 128,
  });
});

test("SmokeTest: one command, run again when container, image, Go or files change", async () => {
  const smoke = new SmokeTest("smoke-test", {
    project: "hello",
    container: "gows-dev-hello",
    containerId: "c1",
    imageId: "sha256:x",
    goVersion: "1.22.6",
    digest: "d1",
    dockerHost: "unix:///x",
  });
  await settled(smoke.urn);
  expect(await settled(smoke.output)).toBe("go version go1.22.6");
  expect(await settled(smoke.project)).toBe("hello");
  const [run] = engine.only("command:local:Command");
  expect(run?.name).toBe("smoke-test-run");
  expect(run?.inputs).toEqual({
    create: expect.stringMatching(/^docker exec 'gows-dev-hello' \/bin\/sh -c 'set -e\ngo version\n/) as string,
    environment: { DOCKER_HOST: "unix:///x" },
    triggers: ["sha256:x", "c1", "1.22.6", "d1"],
  });
  expect(engine.declared).toHaveLength(2);
});
