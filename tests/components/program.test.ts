/** index.ts itself, from config and facts to outputs. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Facts } from "../../domain/facts.ts";
import { folder, machine } from "../domain/machine.ts";
import type { Declared } from "./mocks.ts";

interface Ran {
  outputs: Record<string, unknown>;
  asked: unknown[];
  declared: Declared[];
}

function start(facts: Facts, config: Record<string, unknown>): { code: number | null; stdout: string; stderr: string } {
  const text = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [`go-workstation:${key}`, JSON.stringify(value)]),
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(__dirname, "run-program.ts")], {
    cwd: join(__dirname, "../.."),
    input: JSON.stringify({ facts, config: text }),
    encoding: "utf8",
  });
  return { code: status, stdout, stderr };
}

function run(facts: Facts, config: Record<string, unknown>): Ran {
  const { code, stdout, stderr } = start(facts, config);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Ran;
}

const tally = (declared: readonly Declared[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { type } of declared) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
};

test("one project: every resource, and the outputs that the command line reads", () => {
  const { outputs, asked, declared } = run(machine([folder("/src/hello", { digest: "d1" })]), {
    projects: [{ path: "/src/hello", ports: [{ container: 80, host: 8080 }] }],
  });
  expect(asked).toEqual([{ projects: [{ path: "/src/hello", digest: true }], windows: true }]);
  expect(tally(declared)).toEqual({
    "pulumi:providers:docker": 1,
    "workstation:components:Workspace": 1,
    "docker:index/network:Network": 1,
    "workstation:components:HostSync": 1,
    "workstation:components:TimeSync": 1,
    "workstation:components:WslDistro": 1,
    "workstation:index:ManagedFile": 5,
    "workstation:index:TrustBundle": 1,
    "workstation:components:ModuleCache": 1,
    "docker:index/volume:Volume": 3,
    "workstation:components:DevImage": 1,
    "workstation:index:LocalImage": 1,
    "workstation:components:DevContainer": 1,
    "docker:index/container:Container": 1,
    "workstation:index:ProcessLimit": 1,
    "workstation:components:SmokeTest": 1,
    "command:local:Command": 1,
  });
  expect(outputs).toEqual({
    projects: {
      hello: {
        container: "gows-dev-hello",
        containerId: "id-of-hello-container",
        image: "dev-image:tag",
        goVersion: "1.22.6",
        path: "/src/hello",
        ports: [{ container: 80, host: 8080 }],
      },
    },
    network: "gows-dev",
    goProxy: null,
    mesh: null,
    volumes: ["gows-dev-gomod", "gows-dev-gobuild", "gows-dev-gopls"],
    image: { reference: "dev-image:tag", id: "sha256:dev-image", sizeBytes: 5 },
    tools: { "1.22.6": { gopls: "v0.16.2", dlv: "v1.25.2", goimports: "v0.30.0" } },
    driftCheck: null,
    smokeTest: { project: "hello", output: "go version go1.22.6" },
  });
  const components = declared.filter(({ type }) => type.startsWith("workstation:components:"));
  expect(new Set(components.map(({ inputs }) => inputs.owner))).toEqual(new Set(["ada"]));
  expect(declared.filter(({ type, inputs }) => type.startsWith("docker:") && "owner" in inputs)).toEqual([]);
  // By id, not by name: only so does the preview show that a new image is a new container.
  expect(declared.find(({ type }) => type === "docker:index/container:Container")?.inputs.image).toBe(
    "sha256:dev-image",
  );
  expect(declared.find(({ type }) => type === "pulumi:providers:docker")?.inputs.host).toBe(
    "unix:///var/run/docker.sock",
  );
}, 30_000);

test("two owners: each container takes its owner's image and volumes", () => {
  const { outputs, declared } = run(machine([folder("/src/hello"), folder("/srv/shop", { uid: 1001, gid: 1001 })]), {
    projects: [{ path: "/src/hello" }, { path: "/srv/shop" }],
    smokeTest: { enabled: false },
  });
  const images = declared
    .filter(({ type }) => type === "docker:index/container:Container")
    .map(({ name, inputs }) => [name, inputs.image]);
  expect(images.sort()).toEqual([
    ["hello-container", "sha256:dev-image"],
    ["shop-container", "sha256:dev-u1001-image"],
  ]);
  expect(tally(declared)["docker:index/volume:Volume"]).toBe(6);
  expect(outputs.smokeTest).toBeNull();
}, 30_000);

test("wrong settings end the program before anything is declared", () => {
  const { code, stderr } = start(machine(), { container: { memory: "-1" } });
  expect(code).not.toBe(0);
  expect(stderr).toContain('Pulumi.dev.yaml: go-workstation:container.memory: "-1" is not allowed');
}, 30_000);
