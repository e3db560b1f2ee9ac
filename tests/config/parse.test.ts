import { parseSettings, SettingsError } from "../../config/load.ts";
import { parseConfig } from "../../config/program.ts";

/** Every message, or none. */
function messagesFor(raw: Record<string, unknown>): readonly string[] {
  try {
    parseSettings(raw, { file: "Pulumi.x.yaml" });
  } catch (error) {
    if (error instanceof SettingsError) return error.messages;
    throw error;
  }
  return [];
}

const KEY = "Pulumi.x.yaml: go-workstation:";

test("nothing written gives the defaults, without a smoke test because there is nothing to try", () => {
  const { wsl, hostSync, goToolchain, goProxy, mesh, ...rest } = parseSettings({});
  expect([wsl.mode, hostSync.mode, goToolchain.enabled]).toEqual(["auto", "auto", false]);
  expect([goProxy.mode, goProxy.offline, goProxy.host]).toEqual(["off", false, false]);
  expect([mesh.enabled, mesh.profile, mesh.links]).toEqual([false, "rfc8998", []]);
  expect(rest).toEqual({
    image: { source: "registry", suite: "bookworm", packages: [] },
    go: {
      versions: ["1.22.6"],
      tools: { gopls: "auto", dlv: "auto", goimports: "auto", golangciLint: "off", govulncheck: "off" },
      env: {},
    },
    container: { memory: "4GiB", pids: 2048, debug: false, sshAgent: true },
    projects: [],
    smokeTest: { enabled: false, project: "hello" },
    files: [],
    credentials: {},
  });
});

test("values may be JSON text, as Pulumi hands them to a program", () => {
  const settings = parseSettings({ go: '{"versions":["1.23.12"]}', projects: '[{"path":"~/src/shop"}]' });
  expect(settings.go.versions).toEqual(["1.23.12"]);
  expect(settings.projects.map(({ name }) => name)).toEqual(["shop"]);
});

test("a key with only comments below it counts as absent", () => {
  expect(parseSettings({ image: null, go: "" }).go.versions).toEqual(["1.22.6"]);
});

test.each<[string, Record<string, unknown>, string]>([
  [
    "unknown top key",
    { iamge: {} },
    'iamge: is not a known key. Did you mean "image"? Known here: owner, image, go, container, projects, smokeTest, wsl, hostSync, goToolchain, files, goProxy, mesh, credentials.',
  ],
  [
    "a module proxy with too little memory",
    { goProxy: { memory: "128MiB" } },
    'goProxy.memory: "128MiB" is not allowed: must be whole MiB, at least 256MiB',
  ],
  [
    "a module proxy's memory that Docker's provider cannot count",
    { goProxy: { memory: "300001KiB" } },
    'goProxy.memory: "300001KiB" is not allowed: must be whole MiB, at least 256MiB',
  ],
  [
    "unknown nested key",
    { container: { memry: "1GiB" } },
    'container.memry: is not a known key. Did you mean "memory"?',
  ],
  [
    "unknown key in a list",
    { projects: [{ path: "ab", prots: [] }] },
    'projects[0].prots: is not a known key. Did you mean "ports"?',
  ],
  ["key unlike any", { go: { zebra: 1 } }, "go.zebra: is not a known key. Known here: versions, tools, env."],
  [
    "negative memory",
    { container: { memory: "-1" } },
    'container.memory: "-1" is not allowed: must be a whole positive number followed by KiB, MiB or GiB, such as 4GiB',
  ],
  ["memory as a number", { container: { memory: 4 } }, "container.memory: 4 is not allowed: must be text"],
  [
    "too little memory",
    { container: { memory: "32MiB" } },
    'container.memory: "32MiB" is not allowed: must be whole MiB, at least 64MiB',
  ],
  [
    "part of a MiB",
    { projects: [{ path: "ab", memory: "70000KiB" }] },
    'projects[0].memory: "70000KiB" is not allowed: must be whole MiB',
  ],
  [
    "impossible Go",
    { go: { versions: ["1.99"] } },
    'go.versions[0]: "1.99" is not allowed: must be a full Go release from 1.21.0 on, such as 1.22.6',
  ],
  ["Go as a number", { go: { versions: [1.22] } }, "go.versions[0]: 1.22 is not allowed: must be text (in quotes"],
  ["no Go at all", { go: { versions: [] } }, "go.versions: [] is not allowed: must have at least 1 entry"],
  ["Go twice", { go: { versions: ["1.22.6", "1.23.12", "1.22.6"] } }, 'go.versions[2]: "1.22.6" is listed twice'],
  [
    "tool version",
    { go: { tools: { gopls: "latest" } } },
    'go.tools.gopls: "latest" is not allowed: must be auto or a full version such as v0.16.2',
  ],
  [
    "optional tool version",
    { go: { tools: { govulncheck: "on" } } },
    'go.tools.govulncheck: "on" is not allowed: must be off, auto or a full version such as v0.16.2',
  ],
  [
    "a tool version as a number",
    { go: { tools: { dlv: 1 } } },
    "go.tools.dlv: 1 is not allowed: must be auto, a full version such as v0.16.2",
  ],
  [
    "name of a Go setting",
    { go: { env: { "not go": "x" } } },
    'the key "not go" must be a Go setting such as GOPRIVATE',
  ],
  [
    "base by tag",
    { image: { reference: "golang:1.22" } },
    'image.reference: "golang:1.22" is not allowed: must name an image by digest',
  ],
  ["source", { image: { source: "hub" } }, 'image.source: "hub" is not allowed: must be one of registry, bootstrap'],
  ["limits", { container: { pids: 1, cpus: -2 } }, "container.pids: 1 is not allowed: must be at least 64"],
  ["boolean as text", { container: { debug: "yes" } }, 'container.debug: "yes" is not allowed: must be true or false'],
  ["projects as a group", { projects: { path: "x" } }, "must be a list"],
  ["project without path", { projects: [{ name: "shop" }] }, "projects[0].path: is missing: must be text"],
  [
    "project name with a space",
    { projects: [{ path: "ab", name: "my shop" }] },
    'projects[0].name: "my shop" is not allowed: must be 2 to 40 characters',
  ],
  [
    "folder that gives no name",
    { projects: [{ path: "/" }] },
    'projects[0].path: "/" gives no name that a container can have; add "name"',
  ],
  [
    "names taken twice",
    { projects: [{ path: "a/shop" }, { path: "b/Shop" }] },
    'projects[1]: its name "shop" is taken by projects[0]; give one of them another "name"',
  ],
  [
    "Go that is not installed",
    { projects: [{ path: "ab", goVersion: "1.23.12" }] },
    'projects[0].goVersion: "1.23.12" is not one of go.versions (1.22.6)',
  ],
  [
    "host port twice",
    {
      projects: [
        { path: "ab", ports: [{ container: 80, host: 8080 }] },
        { path: "cd", ports: [{ container: 81, host: 8080 }] },
      ],
    },
    'projects[1].ports[0].host: port 8080 of this machine is taken by project "ab"; choose another',
  ],
  [
    "port out of range",
    { projects: [{ path: "ab", ports: [{ container: 80, host: 70000 }] }] },
    "projects[0].ports[0].host: 70000 is not allowed: must be at most 65535",
  ],
  [
    "smoke test of nothing",
    { projects: [{ path: "shop" }], smokeTest: { project: "shp" } },
    'smokeTest.project: "shp" is not the name of a project (shop). Did you mean "shop"?',
  ],
  ["broken JSON text", { go: "{not json" }, 'go: is text that should be JSON but does not parse: "{not json"'],
])("%s", (_name, raw, expected) => {
  expect(
    messagesFor(raw).some(
      (message) => message.startsWith(`Pulumi.x.yaml: go-workstation:`) && message.includes(expected),
    ),
  ).toBe(true);
});

test("every mistake is told, one line each", () => {
  const messages = messagesFor({ container: { pids: 1, cpus: -2, memory: "x" } });
  expect(messages.map((message) => message.split(": ")[1])).toEqual([
    "go-workstation:container.memory",
    "go-workstation:container.cpus",
    "go-workstation:container.pids",
  ]);
});

test("a password in a value is not repeated", () => {
  const [message] = messagesFor({ image: { reference: "https://ada:hunter2@registry.example/go" } });
  expect(message).toContain("https://***@registry.example/go");
  expect(message).not.toContain("hunter2");
});

test.each([
  ["examples/hello", "hello"],
  ["~/src/My Shop/", "my-shop"],
  ["/srv/a_b.c", "a-b-c"],
])("the folder %s is the project %s", (path, name) => {
  expect(parseSettings({ projects: [{ path }] }).projects[0]?.name).toBe(name);
});

test("a smoke test that nobody named takes the first project when there is no hello", () => {
  expect(parseSettings({ projects: [{ path: "shop" }] }).smokeTest).toEqual({ enabled: true, project: "shop" });
  expect(parseSettings({ projects: [{ path: "shop" }, { path: "hello" }] }).smokeTest.project).toBe("hello");
  expect(
    parseSettings({ projects: [{ path: "shop" }], smokeTest: { enabled: false, project: "gone" } }).smokeTest.enabled,
  ).toBe(false);
});

test("config of other projects and providers is left alone", async () => {
  const settings = await parseConfig(
    { "docker:host": "unix:///x", "go-workstation:go": '{"versions":["1.23.12"]}' },
    "/none/Pulumi.x.yaml",
  );
  expect(settings.go.versions).toEqual(["1.23.12"]);
});

test("a mistake is told although the stack file is not there to look the line up", async () => {
  await expect(parseConfig({ "go-workstation:gone": "1" }, "/none/Pulumi.x.yaml")).rejects.toThrow(
    `${KEY}gone: is not a known key`,
  );
});
