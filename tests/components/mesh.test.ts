import * as pulumi from "@pulumi/pulumi";
import { declareMesh } from "../../components/mesh.ts";
import { parseSettings } from "../../config/load.ts";
import { planStack } from "../../domain/plan.ts";
import { folder, machine } from "../domain/machine.ts";
import { type StandInEngine, settled, startStandInEngine } from "./mocks.ts";

let engine: StandInEngine;
beforeEach(async () => {
  engine = await startStandInEngine(undefined);
});

const planOf = (enabled: boolean) =>
  planStack(
    "dev",
    parseSettings({
      projects: [{ path: "hello" }],
      goProxy: { mode: "local" },
      mesh: { enabled, links: [{ from: "*", to: "goproxy", port: 8443 }] },
    }),
    machine([folder("/src/hello")]),
    { root: "/ws", home: "/home/ada" },
  );
const projects = new Map<string, pulumi.Input<string>>([["hello", "id-of-hello"]]);
const shared = { workspace: {} as never, all: [], goProxy: null, goProxyId: pulumi.output("id-of-goproxy") };

test("off declares nothing", async () => {
  expect(await declareMesh(planOf(false), projects, shared, {})).toEqual({ all: [], outputs: null });
  expect(engine.declared).toEqual([]);
});

test("the authority, and a tunnel in each of the two networks, the server first", async () => {
  const { outputs } = await declareMesh(planOf(true), projects, shared, {});
  const names = await settled(pulumi.output(outputs?.tunnels as pulumi.Input<string[]>));
  expect(names).toEqual(["gows-dev-mesh.goproxy.8443.rfc8998", "gows-dev-mesh.hello.goproxy.8443"]);
  const [authority] = engine.only("workstation:index:CertificateAuthority");
  expect(authority?.inputs).toMatchObject({ algorithm: "sm2", folder: "/ws/.workstation/dev/mesh/ca" });
  const networks = engine
    .only("docker:index/container:Container")
    .map(({ name, inputs }) => [name, inputs.networkMode, inputs.hostname, inputs.image]);
  expect(networks).toEqual([
    ["mesh-ca-container", "none", "mesh-ca", "sha256:mesh-image"],
    ["mesh.goproxy.8443.rfc8998-container", "container:id-of-goproxy", undefined, "sha256:mesh-image"],
    ["mesh.hello.goproxy.8443-container", "container:id-of-hello", undefined, "sha256:mesh-image"],
  ]);
  expect(engine.only("workstation:index:ProcessLimit").map(({ inputs }) => inputs.limit)).toEqual([64, 64, 64]);
});
