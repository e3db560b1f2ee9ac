import type { Declared } from "../../policy/rule.ts";
import { workstationRules } from "../../policy/rules/index.ts";
import { plainArgs } from "../../policy/values.ts";
import {
  containerCases,
  DIGEST,
  good,
  localImages,
  managedFiles,
  missing,
  remoteImages,
  volumes,
  without,
} from "./fixtures/cases.ts";

const CONTAINER = "docker:index/container:Container";
const rules = workstationRules();

/** `rule: message` of everything that any rule finds. */
function judge(type: string, args: object, config: Record<string, Record<string, unknown>> = {}): string[] {
  return rules.flatMap((rule) =>
    rule
      .judge(type, args, config[rule.id])
      .map((finding) => `${rule.id}: ${finding.undecided ? "undecided: " : ""}${finding.message}`),
  );
}

const label = (args: object): string => JSON.stringify(args);

test("the container that the cases differ from satisfies every rule", () => {
  expect(judge(CONTAINER, good)).toEqual([]);
});

describe.each(containerCases)("$rule", ({ rule, pass, fail }) => {
  test.each(pass.map((args) => [label(args), args]))("accepts %s", (_, args) => {
    expect(judge(CONTAINER, { ...good, ...(args as object) })).toEqual([]);
  });

  test.each(fail.map(({ args, says }) => [label(args), args, says]))("refuses %s", (_, args, says) => {
    expect(judge(CONTAINER, { ...good, ...(args as object) })).toEqual(
      (says as string[]).map((message) => `${rule}: ${message}`),
    );
  });
});

test.each(missing)("$rule refuses a container without $key", ({ rule, key, says }) => {
  expect(judge(CONTAINER, without(key))).toEqual(says.map((message) => `${rule}: ${message}`));
});

test.each([
  ["restart", "container-restart: restart is not set"],
  ["logDriver", "container-logs: logDriver is not set, so that the daemon's default decides"],
] as const)("a container without %s is refused as well, where no provider fills in a default", (key, message) => {
  expect(judge(CONTAINER, without(key))).toEqual([message]);
});

test("a port without an address is published everywhere", () => {
  expect(judge(CONTAINER, { ...good, ports: [{ internal: 80 }] })).toEqual([
    "container-ports: port 80 is published on every address",
  ]);
});

describe.each([
  ["docker:index/remoteImage:RemoteImage", remoteImages],
  ["docker:index/volume:Volume", volumes],
  ...localImages.map((cases) => ["workstation:index:LocalImage", cases] as const),
  ...managedFiles.map((cases) => ["workstation:index:ManagedFile", cases] as const),
] as const)("%s", (type, { rule, pass, fail }) => {
  test.each(pass.map((args) => [label(args), args]))(`${rule} accepts %s`, (_, args) => {
    expect(judge(type, args as object)).toEqual([]);
  });

  test.each(fail.map(({ args, says }) => [label(args), args, says]))(`${rule} refuses %s`, (_, args, says) => {
    expect(judge(type, args as object)).toEqual((says as string[]).map((message) => `${rule}: ${message}`));
  });
});

test("a docker.Image is refused whatever it names", () => {
  expect(judge("docker:index/image:Image", { imageName: "here/app:1" })).toEqual([
    "image-content: here/app:1 is a docker.Image, which names its result by tag",
  ]);
});

test("other resource types are nobody's business", () => {
  expect(judge("random:index/randomPassword:RandomPassword", { user: "root", image: "x" })).toEqual([]);
});

describe("options", () => {
  test("replace a rule's defaults", () => {
    const ports = { ...good, ports: [{ internal: 80, ip: "192.0.2.1" }] };
    const options = { "container-ports": { addresses: ["192.0.2.1"] } };
    expect(judge(CONTAINER, ports, options)).toEqual([]);
    expect(judge(CONTAINER, { ...good, ports: [{ internal: 80, ip: "127.0.0.1" }] }, options)).toEqual([
      "container-ports: port 80 is published on 127.0.0.1",
    ]);
  });

  test("bound the limits that a container may set itself", () => {
    expect(judge(CONTAINER, good, { "container-memory": { maxMemory: 256 } })).toEqual([
      "container-memory: memory is 512 MiB, more than 256",
    ]);
  });

  test("name further sockets and capabilities", () => {
    const args = {
      ...good,
      mounts: [{ type: "bind", source: "/srv/engine.sock", target: "/x" }],
      capabilities: { adds: ["CAP_NET_ADMIN"], drops: ["ALL"] },
    };
    expect(judge(CONTAINER, args, { "container-privileges": { allow: ["NET_ADMIN"] } })).toEqual([]);
    expect(
      judge(CONTAINER, args, {
        "container-privileges": { allow: ["NET_ADMIN"] },
        "container-engine-socket": { sockets: ["/srv/engine.sock"] },
      }),
    ).toEqual(["container-engine-socket: /srv/engine.sock is mounted"]);
  });
});

describe("container-processes", () => {
  const LIMIT = "workstation:index:ProcessLimit";
  const container = (name: string, args: object = good) => ({ type: CONTAINER, urn: `urn:${name}`, args, uses: {} });
  const limit = (name: string, value: unknown) => ({
    type: LIMIT,
    urn: `urn:${name}-limit`,
    args: plainArgs({ container: "04da6b54-80e4-46f7-96ec-b56ff0331ba9", limit: value }),
    uses: { container: [`urn:${name}`] },
  });
  const judgeStack = (resources: Declared[], config: Record<string, unknown> = {}): string[] =>
    rules.flatMap((rule) =>
      rule.judgeStack(resources, config).map(({ urn, message, undecided }) => `${urn} ${undecided} ${message}`),
    );

  test.each<[string, Declared[], string[]]>([
    ["a limit for the container", [container("a"), limit("a", 100)], []],
    ["a limit for each", [container("a"), container("b"), limit("b", 1), limit("a", 2)], []],
    ["no limit for one that ends by itself", [container("a", { ...good, mustRun: false })], []],
    ["no limit", [container("a")], ["urn:a false processes are not limited"]],
    ["a limit for another", [container("a"), container("b"), limit("b", 5)], ["urn:a false processes are not limited"]],
    ["a limit of none", [container("a"), limit("a", 0)], ["urn:a false limit is 0"]],
    ["an unlimited limit", [container("a"), limit("a", -1)], ["urn:a false limit is -1"]],
    [
      "a limit that is not known yet",
      [container("a"), limit("a", "3eeb2bf0-c639-47a8-9e75-3b44932eb421")],
      ["urn:a true limit is not known before the update"],
    ],
  ])("%s", (_, resources, found) => {
    expect(judgeStack(resources)).toEqual(found);
  });

  test("the bound can be set", () => {
    expect(judgeStack([container("a"), limit("a", 100)], { maxProcesses: 99 })).toEqual([
      "urn:a false limit is 100, more than 99",
    ]);
  });
});

describe("values as the engine sends them", () => {
  const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
  const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

  test("an unknown value leaves its rule undecided, and no other", () => {
    expect(judge(CONTAINER, plainArgs({ ...good, image: UNKNOWN }))).toEqual([
      "image-content: undecided: image is not known before the update",
    ]);
  });

  test("what was found before the unknown value stays found", () => {
    const ports = [
      { internal: 80, ip: "0.0.0.0" },
      { internal: 81, ip: UNKNOWN },
    ];
    expect(judge(CONTAINER, plainArgs({ ...good, ports }))).toEqual([
      "container-ports: port 80 is published on 0.0.0.0",
      "container-ports: undecided: ports[1].ip is not known before the update",
    ]);
  });

  test("an unknown value that no rule looks at disturbs none", () => {
    expect(judge(CONTAINER, plainArgs({ ...good, hostname: UNKNOWN }))).toEqual([]);
  });

  test("secrets are judged like other values, and not printed", () => {
    expect(judge(CONTAINER, plainArgs({ ...good, user: { ...SECRET, value: "root" } }))).toEqual([
      'container-user: user is "[secret]"',
    ]);
    expect(judge(CONTAINER, plainArgs({ ...good, image: { ...SECRET, value: DIGEST } }))).toEqual([]);
    expect(judge(CONTAINER, plainArgs({ ...good, image: { ...SECRET, value: UNKNOWN } }))).toEqual([
      "image-content: undecided: image is not known before the update",
    ]);
  });
});
