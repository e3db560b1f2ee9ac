import { type Deployment, withoutResources } from "../../../cli/engine/checkpoint.ts";
import { CONTAINER, isEmpty, NETWORK, planRepair, VOLUME } from "../../../cli/engine/repair.ts";
import type { DriftEntry } from "../../../domain/drift/summary.ts";

const urn = (type: string, name: string) => `urn:pulumi:me::go-workstation::${type}::${name}`;
const IMAGE = "workstation:index:LocalImage";
const FILE = "workstation:index:ManagedFile";

const deployment: Deployment = {
  resources: [
    { urn: urn(NETWORK, "net"), type: NETWORK, custom: true, id: "n1", outputs: { name: "gows-me" } },
    { urn: urn(VOLUME, "mod"), type: VOLUME, custom: true, id: "gows-me-gomod", outputs: { name: "gows-me-gomod" } },
    { urn: urn(IMAGE, "image"), type: IMAGE, custom: true, id: "image", outputs: {} },
    { urn: urn(FILE, "file"), type: FILE, custom: true, id: "/file" },
    {
      urn: urn(CONTAINER, "a"),
      type: CONTAINER,
      custom: true,
      id: "c1",
      inputs: { mounts: [{ source: "gows-me-gomod" }] },
      outputs: { name: "gows-me-a" },
      dependencies: [urn(NETWORK, "net"), urn(IMAGE, "image")],
      propertyDependencies: { image: [urn(IMAGE, "image")] },
    },
    { urn: urn(CONTAINER, "b"), type: CONTAINER, custom: true, id: "c2", inputs: {}, outputs: { name: "gows-me-b" } },
  ],
};
const label = { "io.go-workstation.stack": "me" };
const listing = {
  containers: ["c1", "c2"].map((Id) => ({ Id, Names: [`/${Id}`], State: "running", Labels: label })),
  networks: [{ Id: "n1", Name: "gows-me", Labels: label }],
  volumes: [{ Name: "gows-me-gomod", Labels: label }],
};
const drift = (type: string, name: string, kind: DriftEntry["kind"], ...fields: string[]): DriftEntry => ({
  urn: urn(type, name),
  type,
  name,
  kind,
  fields,
});
const removed = (plan: ReturnType<typeof planRepair>) => plan.remove.map(({ kind, id }) => `${kind} ${id}`);

test("nothing differs: nothing to do", () => {
  expect(isEmpty(planRepair(deployment, [], listing))).toBe(true);
});

test.each([CONTAINER, NETWORK, VOLUME, FILE, IMAGE])("%s that waits for a restart is left as it is", (type) => {
  const name =
    deployment.resources
      ?.find((resource) => resource.type === type)
      ?.urn.split("::")
      .at(-1) ?? "";
  expect(isEmpty(planRepair(deployment, [drift(type, name, "pending", "boot.systemd")], listing))).toBe(true);
});

test("a stopped container is started, not made anew", () => {
  const plan = planRepair(deployment, [drift(CONTAINER, "a", "changed", "running")], listing);
  expect(plan.start).toEqual([{ id: "c1", name: "gows-me-a" }]);
  expect([...plan.forget, ...plan.replace, ...plan.remove]).toEqual([]);
});

test("a container that differs is replaced by the engine", () => {
  const plan = planRepair(deployment, [drift(CONTAINER, "a", "changed", "memory", "running")], listing);
  expect(plan.replace).toEqual([urn(CONTAINER, "a")]);
  expect(plan.start).toEqual([]);
});

test.each([
  [CONTAINER, "a"],
  [VOLUME, "mod"],
  [IMAGE, "image"],
])("a missing %s is forgotten, so that the engine makes it again", (type, name) => {
  const plan = planRepair(deployment, [drift(type, name, "missing")], listing);
  expect([...plan.forget]).toEqual([urn(type, name)]);
  expect(plan.remove).toEqual([]);
});

test("an image that something else has the name of is made again, its containers stay", () => {
  const plan = planRepair(deployment, [drift(IMAGE, "image", "changed", "imageId")], listing);
  expect([...plan.forget]).toEqual([urn(IMAGE, "image")]);
  expect(plan.replace).toEqual([]);
});

test("another network means other containers: they remember it by id", () => {
  const plan = planRepair(deployment, [drift(NETWORK, "net", "missing")], { ...listing, networks: [] });
  expect([...plan.forget].sort()).toEqual([urn(CONTAINER, "a"), urn(CONTAINER, "b"), urn(NETWORK, "net")]);
  expect(removed(plan)).toEqual(["containers c1", "containers c2"]);
});

test("a changed network goes after the containers that hang on it", () => {
  const plan = planRepair(deployment, [drift(NETWORK, "net", "changed", "internal")], listing);
  expect(removed(plan)).toEqual(["containers c1", "containers c2", "networks n1"]);
});

test("a changed volume goes with the containers that use it, not with others", () => {
  const plan = planRepair(deployment, [drift(VOLUME, "mod", "changed", "labels")], listing);
  expect(removed(plan)).toEqual(["containers c1", "volumes gows-me-gomod"]);
});

test("a managed file is read again by the engine: forgetting it would forget what stood there before", () => {
  const plan = planRepair(deployment, [drift(FILE, "file", "changed", "content")], listing);
  expect(plan.refresh).toEqual([urn(FILE, "file")]);
  expect(plan.forget.size).toBe(0);
});

test("orphans go, whatever is in the place of ours too; volumes keep their data", () => {
  const more = {
    containers: [
      ...listing.containers,
      { Id: "x1", Names: ["/gows-me-c"], State: "created", Labels: label },
      { Id: "x2", Names: ["/gows-me-a"], State: "running", Labels: {} },
    ],
    networks: [...listing.networks, { Id: "n2", Name: "gows-me", Labels: label }],
    volumes: [...listing.volumes, { Name: "gows-me-gopls", Labels: label }],
  };
  const plan = planRepair(deployment, [], more);
  expect(plan.remove).toEqual([
    { kind: "containers", id: "x1", why: "the engine's state does not know it" },
    { kind: "containers", id: "x2", why: "it stands where ours belongs" },
    { kind: "networks", id: "n2", why: "the engine's state does not know it" },
  ]);
});

test("a container that never got in order is made anew", () => {
  const [first, ...rest] = [...(deployment.resources ?? [])].reverse();
  const broken = { resources: [...rest.reverse(), { ...first, initErrors: ["port is in use"] }] } as Deployment;
  const plan = planRepair(broken, [], listing);
  expect(removed(plan)).toEqual(["containers c2"]);
  expect([...plan.forget]).toEqual([urn(CONTAINER, "b")]);
});

test("forgetting a resource leaves no mention of it and no pending operation", () => {
  const pending = {
    ...deployment,
    pending_operations: [{ type: "creating", resource: deployment.resources?.[0] as never }],
  };
  const left = withoutResources(pending, new Set([urn(IMAGE, "image")]));
  expect(JSON.stringify(left)).not.toContain(urn(IMAGE, "image"));
  expect(left.pending_operations).toBeUndefined();
  const container = left.resources?.find((resource) => resource.urn === urn(CONTAINER, "a"));
  expect(container?.dependencies).toEqual([urn(NETWORK, "net")]);
  expect(container?.propertyDependencies).toEqual({ image: [] });
  expect(deployment.resources).toHaveLength(6);
});
