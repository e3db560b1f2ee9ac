import { parseSettings } from "../../config/load.ts";
import { absolutePath, factsQuestion, planStack } from "../../domain/plan.ts";
import { PlanError } from "../../domain/problems.ts";
import { folder, machine } from "./machine.ts";

const place = { root: "/home/ada/ws", home: "/home/ada" };
const HELLO = { projects: [{ path: "examples/hello" }] };
const hello = folder("/home/ada/ws/examples/hello", { digest: "d1" });

const plan = (raw: Record<string, unknown> = HELLO, facts = machine([hello])) =>
  planStack("dev", parseSettings(raw), facts, place);
const problems = (raw: Record<string, unknown>, facts = machine([hello])): readonly string[] => {
  try {
    plan(raw, facts);
  } catch (error) {
    if (error instanceof PlanError) return error.problems;
    throw error;
  }
  return [];
};

test.each([
  ["examples/hello", "/home/ada/ws/examples/hello"],
  ["../shop/./x/", "/home/ada/shop/x"],
  ["~/src", "/home/ada/src"],
  ["~", "/home/ada"],
  ["/srv//a", "/srv/a"],
])("%s is %s", (path, expected) => expect(absolutePath(path, place)).toBe(expected));

test("the machine is asked for a digest only of the project that is tried", () => {
  const settings = parseSettings({ projects: [{ path: "~/shop" }, { path: "examples/hello" }] });
  expect(factsQuestion(settings, place)).toEqual({
    projects: [
      { path: "/home/ada/shop", digest: false },
      { path: "/home/ada/ws/examples/hello", digest: true },
    ],
    windows: true,
  });
});

test("Windows is not asked when nothing of it is wanted", () => {
  expect(factsQuestion(parseSettings({ wsl: { mode: "off" }, hostSync: { mode: "off" } }), place)).toEqual({
    projects: [],
  });
});

test("one project: its image, its container, everything named", () => {
  const { owners, containers, machine: _machine, ...rest } = plan();
  expect(rest).toEqual({
    trust: { path: "/home/ada/ws/.workstation/dev/etc/trust/ca-certificates.crt", certificates: [] },
    stack: "dev",
    responsible: "ada",
    dockerHost: "unix:///var/run/docker.sock",
    network: "gows-dev",
    gitConfig: {
      path: "/home/ada/ws/.workstation/dev/etc/gitconfig",
      content: expect.stringContaining('directory = "/workspaces/hello"') as string,
    },
    tools: [{ go: "1.22.6", pins: expect.any(Array) as unknown[] }],
    smokeTest: "hello",
    warnings: [],
  });
  expect(owners.map(({ recipe: _, ...owner }) => owner)).toEqual([
    {
      owner: { uid: 1000, gid: 1000 },
      suffix: "",
      repository: "go-workstation/dev/dev",
      volumes: { gomod: "gows-dev-gomod", gobuild: "gows-dev-gobuild", gopls: "gows-dev-gopls" },
    },
  ]);
  expect(containers).toHaveLength(1);
  expect(containers[0]).toMatchObject({
    project: "hello",
    name: "gows-dev-hello",
    owner: "",
    digest: "d1",
    user: "1000:1000",
    workingDir: "/workspaces/hello",
    network: "gows-dev",
    memory: 4096,
    memorySwap: 4096,
    cpus: undefined,
    pids: 2048,
    capabilities: { adds: [], drops: ["ALL"] },
    ports: [],
  });
  expect(containers[0]?.mounts).toEqual([
    { type: "bind", source: "/home/ada/ws/examples/hello", target: "/workspaces/hello", readOnly: false },
    { type: "bind", source: "/home/ada/ws/.workstation/dev/etc", target: "/etc/workstation", readOnly: true },
    { type: "volume", source: "gows-dev-gomod", target: "/go/pkg/mod", readOnly: false },
    { type: "volume", source: "gows-dev-gobuild", target: "/home/dev/.cache/go-build", readOnly: false },
    { type: "volume", source: "gows-dev-gopls", target: "/home/dev/.cache/gopls", readOnly: false },
  ]);
  expect(containers[0]?.labels).toEqual({
    "devcontainer.config_file": "/home/ada/ws/examples/hello/.devcontainer/devcontainer.json",
    "devcontainer.local_folder": "/home/ada/ws/examples/hello",
    "devcontainer.metadata": expect.stringContaining('"remoteUser":"dev"') as string,
    "io.go-workstation.cpus": "all",
    "io.go-workstation.resource": "hello-container",
    "io.go-workstation.stack": "dev",
  });
});

test("a project's own settings win over those of all", () => {
  const raw = {
    go: { versions: ["1.22.6", "1.26.8"] },
    container: { memory: "2GiB", cpus: 1, pids: 100 },
    projects: [
      {
        path: "examples/hello",
        goVersion: "1.26.8",
        memory: "1GiB",
        cpus: 1.5,
        pids: 200,
        debug: true,
        ports: [{ container: 80, host: 8080 }],
        env: { A: "b" },
      },
    ],
  };
  const [container] = plan(raw).containers;
  expect(container).toMatchObject({
    goVersion: "1.26.8",
    memory: 1024,
    cpus: "1.5",
    pids: 200,
    capabilities: { adds: ["CAP_SYS_PTRACE"], drops: ["ALL"] },
    labels: { "io.go-workstation.debug": "true" },
    ports: [{ internal: 80, external: 8080, ip: "127.0.0.1", protocol: "tcp" }],
  });
  expect(container?.envs).toContain("A=b");
  expect(container?.envs.find((line) => line.startsWith("PATH="))).toContain("/usr/local/sdk/go1.26.8/bin");
  expect(container?.envs).toEqual([...(container?.envs ?? [])].sort());
});

test("without projects there are an image and caches, and nothing to try", () => {
  const { owners, containers, smokeTest } = plan({}, machine());
  expect([owners.length, containers.length, smokeTest]).toEqual([1, 0, undefined]);
});

test("a folder that root owns runs as 1000:1000, with a warning that says how to mend it", () => {
  const { containers, owners, warnings } = plan(
    HELLO,
    machine([{ ...hello, uid: 0, gid: 0 }], { user: { name: "root", uid: 0, gid: 0, home: "/root" } }),
  );
  expect(containers[0]?.user).toBe("1000:1000");
  expect(owners).toHaveLength(1);
  expect(warnings).toEqual([expect.stringContaining("chown -R 1000:1000 /home/ada/ws/examples/hello")]);
});

test("two owners have two images and caches of their own, in whatever order the projects stand", () => {
  const raw = { projects: [{ path: "/srv/shop" }, { path: "examples/hello" }] };
  const { owners, containers } = plan(raw, machine([folder("/srv/shop", { uid: 1001, gid: 100 }), hello]));
  expect(owners.map(({ suffix, owner }) => [suffix, owner.uid])).toEqual([
    ["", 1000],
    ["-u1001-g100", 1001],
  ]);
  expect(containers.map(({ owner, user }) => [owner, user])).toEqual([
    ["-u1001-g100", "1001:100"],
    ["", "1000:1000"],
  ]);
  expect(containers[0]?.mounts[2]?.source).toBe("gows-dev-gomod-u1001-g100");
  expect(owners[1]?.recipe.layers.find(({ kind }) => kind === "user")).toMatchObject({ uid: 1001, gid: 100 });
});

test("roots of the machine are no part of the image where no Dockerfile builds with them", () => {
  const roots = [{ fingerprint: "a", subject: "x", pem: "pem a" }];
  const planned = plan(HELLO, machine([hello], { trustRoots: roots }));
  expect(planned.owners[0]?.recipe.layers.map(({ kind }) => kind)).not.toContain("trustRoots");
  expect(planned.trust.certificates).toEqual(["pem a"]);
});

test("the recipe: base, roots, SDKs each with its tools, user, the team's Dockerfile last", () => {
  const raw = {
    image: { source: "bootstrap", packages: ["jq", "git"], dockerfile: "images/team/Dockerfile" },
    go: { versions: ["1.22.6", "1.26.8"] },
    ...HELLO,
  };
  const roots = ["b", "a"].map((fingerprint) => ({ fingerprint, subject: "x", pem: `pem ${fingerprint}` }));
  const recipe = plan(raw, machine([hello], { trustRoots: roots })).owners[0]?.recipe;
  expect(recipe?.base).toEqual({
    kind: "rootfs",
    distribution: "debian",
    suite: "bookworm",
    arch: "amd64",
    packages: ["ca-certificates", "curl", "gcc", "git", "jq", "libc6-dev", "make", "openssh-client"],
  });
  expect(recipe?.layers.map(({ kind }) => kind)).toEqual([
    "trustRoots",
    "goSdk",
    "goTools",
    "goSdk",
    "goTools",
    "user",
    "dockerfile",
  ]);
  expect(recipe?.layers[0]).toEqual({ kind: "trustRoots", certificates: ["pem a", "pem b"] });
  expect(recipe?.layers[3]).toEqual({ kind: "goSdk", version: "1.26.8", default: false });
  expect(recipe?.layers[6]).toEqual({
    kind: "dockerfile",
    dockerfile: "/home/ada/ws/images/team/Dockerfile",
    context: "/home/ada/ws/images/team",
  });
  expect(recipe?.config).toMatchObject({
    user: "1000:1000",
    entrypoint: [],
    env: { GOPATH: "/go", GOTOOLCHAIN: "local" },
  });
});

test("no roots, no layer; a registry base by digest, the pinned one unless another is named", () => {
  const recipe = plan().owners[0]?.recipe;
  expect(recipe?.layers.map(({ kind }) => kind)).toEqual(["goSdk", "goTools", "user"]);
  expect(recipe?.base).toEqual({
    kind: "image",
    reference: expect.stringMatching(/^golang:1\.22-bookworm@sha256:[0-9a-f]{64}$/) as string,
  });
  const other = `registry.example/go@sha256:${"0".repeat(64)}`;
  expect(plan({ ...HELLO, image: { reference: other } }).owners[0]?.recipe.base).toEqual({
    kind: "image",
    reference: other,
  });
});

test("the same settings and machine give the same plan", () => {
  expect(JSON.stringify(plan())).toBe(JSON.stringify(plan()));
});

test.each<[string, Record<string, unknown>, ReturnType<typeof machine>, string]>([
  [
    "a folder that is not there",
    HELLO,
    machine([{ ...hello, exists: false }]),
    'projects[hello].path: "examples/hello" is not a folder (looked at /home/ada/ws/examples/hello)',
  ],
  [
    "a go.mod that needs more",
    HELLO,
    machine([{ ...hello, goVersion: "1.23" }]),
    'projects[hello]: /home/ada/ws/examples/hello/go.mod says "go 1.23", but the project is given Go 1.22.6',
  ],
  [
    "tools that do not fit",
    { ...HELLO, go: { tools: { gopls: "v0.23.0" } } },
    machine([hello]),
    "go.tools.gopls: v0.23.0 cannot be used with Go 1.22.6",
  ],
  [
    "a password in go.env",
    { ...HELLO, go: { env: { GOPROXY: "https://u:hunter2@h" } } },
    machine([hello]),
    "go.env.GOPROXY: holds a user name or password",
  ],
  [
    "Docker away",
    HELLO,
    machine([hello], { docker: { ...machine().docker, reachable: false, error: "no such file" } }),
    "Docker cannot be reached at unix:///var/run/docker.sock: no such file",
  ],
  [
    "one folder twice",
    { projects: [{ path: "a/one" }, { path: "b/two" }] },
    machine([folder("/x"), folder("/x")]),
    "projects[two].path: /x is the folder of projects[one] already",
  ],
])("%s is refused before anything is made", (_name, raw, facts, expected) => {
  const all = problems(raw, facts);
  expect(all).toHaveLength(1);
  expect(all[0]).toContain(expected);
  expect(all[0]).not.toContain("hunter2");
});
