import { execFileSync } from "node:child_process";
import { parseSettings } from "../../../config/load.ts";
import { resolveAllTools } from "../../../domain/compatibility.ts";
import { explainToolchain, goAdvice } from "../../../domain/go-host/advice.ts";
import { planGoHost } from "../../../domain/go-host/plan.ts";
import { absolutePath } from "../../../domain/plan.ts";
import { folder } from "../machine.ts";

const home = "/home/ada's";
const plan = (goToolchain: object) => {
  const settings = parseSettings({ go: { versions: ["1.22.6", "1.26.8"] }, goToolchain });
  const absolute = (path: string) => absolutePath(path, { root: "/ws", home });
  return planGoHost({ settings, tools: resolveAllTools(settings.go), home, absolute });
};

test("nothing unless it is wanted", () => expect(plan({})).toBeUndefined());

test("each SDK with the tools that work with it, in one folder of the user's", () => {
  const found = plan({ enabled: true });
  expect(found?.folder).toBe(`${home}/.local/share/go-workstation/go`);
  expect(found?.sdks.map(({ version, tools }) => [version, tools.map((tool) => tool.version)])).toEqual([
    ["1.22.6", ["v0.16.2", "v1.25.2", "v0.30.0"]],
    ["1.26.8", ["v0.23.0", "v1.27.2", "v0.52.0"]],
  ]);
  expect(found?.profile).toBeUndefined();
});

test("a shell that sources the file finds that Go first, once, and no GOROOT", () => {
  const content = plan({ enabled: true })?.env.content ?? "";
  const shell = (script: string): string =>
    execFileSync("sh", ["-c", `${content}${content}${script}`], {
      env: { PATH: "/usr/bin:/bin", GOROOT: "/x" },
      encoding: "utf8",
    });
  const place = `${home}/.local/share/go-workstation/go`;
  expect(shell('echo "$PATH"')).toBe(`${place}/go1.22.6/bin:${place}/go1.22.6-tools/bin:/usr/bin:/bin\n`);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell fills this in
  expect(shell('echo "${GOROOT-unset} $GOTOOLCHAIN"')).toBe("unset local\n");
});

test("a login shell sources it where that is wanted", () => {
  const found = plan({ enabled: true, profile: true });
  expect(found?.profile?.path).toBe(`${home}/.profile`);
  execFileSync("sh", ["-n", "-c", found?.profile?.content ?? ""]);
});

test("another Go on PATH before ours does not stay there", () => {
  const content = plan({ enabled: true })?.env.content ?? "";
  const ours = `${home}/.local/share/go-workstation/go/go1.22.6`;
  const found = execFileSync("/bin/sh", ["-c", `${content}echo "$PATH"`], {
    env: { PATH: `/usr/local/go/bin:${ours}/bin:${ours}-tools/bin` },
    encoding: "utf8",
  });
  expect(found.startsWith(`${ours}/bin:${ours}-tools/bin:/usr/local/go/bin:`)).toBe(true);
});

test.each([
  ...["/usr/local/go", "/opt", "/opt/go", "/snap/go", "/", "/etc/go", "//etc/go", "/./etc/go"],
  ...["relative/go", "~/", "~/../../etc/go", "/home/ada/a:b"],
])("the folder %s is refused", (folder) => {
  expect(() => plan({ enabled: true, folder })).toThrow(/goToolchain\.folder/);
});

const env = (value: string) => ({ value, from: "environment" as const });
const written = (value: string) => ({ value, from: "go env -w" as const });

test.each<[string, NonNullable<Parameters<typeof goAdvice>[0]["settings"]>, string[]]>([
  ["nothing set", {}, []],
  ["harmless ones", { GOPATH: env("/home/ada/go"), GOTOOLCHAIN: env("local"), GOFLAGS: env("-buildvcs=false") }, []],
  ["GOROOT by hand", { GOROOT: env("/usr/lib/go") }, ["fail GOROOT=/usr/lib/go (environment)"]],
  ["modules off", { GO111MODULE: written("off") }, ["fail GO111MODULE=off (go env -w)"]],
  [
    "GOPATH in GOROOT's place",
    { GOROOT: env("/g"), GOPATH: env("/g") },
    ["fail GOROOT=/g (environment)", "fail GOPATH=/g (environment)"],
  ],
  [
    "no checksum database",
    { GOSUMDB: env("off"), GONOSUMDB: env("a.example,*") },
    ["fail GOSUMDB=off (environment)", "fail GONOSUMDB=a.example,* (environment)"],
  ],
  [
    "a toolchain that switches by itself",
    { GOTOOLCHAIN: env("go1.22.6+auto") },
    ["warn GOTOOLCHAIN=go1.22.6+auto (environment)"],
  ],
  ["one release for all", { GOTOOLCHAIN: written("go1.25.5") }, ["warn GOTOOLCHAIN=go1.25.5 (go env -w)"]],
  ["builds that edit go.mod", { GOFLAGS: env("-v -mod=mod") }, ["warn GOFLAGS=-v -mod=mod (environment)"]],
])("%s", (_name, settings, expected) => {
  expect(goAdvice({ settings }).map(({ status, found }) => `${status} ${found}`)).toEqual(expected);
});

test.each<[string, Parameters<typeof goAdvice>[0], string[]]>([
  [
    "a GOPATH that go refuses",
    { settings: { GOPATH: env("go") } },
    ['fail GOPATH=go (environment): "go" is not absolute'],
  ],
  [
    "a GOPATH in a project",
    { settings: { GOPATH: written("/src/shop/.go/") } },
    ["fail GOPATH=/src/shop/.go/ (go env -w): it is in the project /src/shop"],
  ],
  ["a GOPATH beside projects", { settings: { GOPATH: env("/src/shopping:/src") } }, []],
  [
    "a GOPATH that is the SDK",
    { settings: { GOPATH: env("/usr/lib/go/") }, root: "/usr/lib/go" },
    ["fail GOPATH=/usr/lib/go/ (environment): it is GOROOT too"],
  ],
  [
    "everything private",
    { settings: { GOPRIVATE: env("*/*") } },
    ["fail GOPRIVATE=*/* (environment): every module counts"],
  ],
  ["some private", { settings: { GOPRIVATE: env("*.example.com,git.example.org/*") } }, []],
  [
    "a variable that go does not read",
    { settings: { GONOSUMCHECK: env("1") } },
    ["warn GONOSUMCHECK=1 (environment): the go"],
  ],
  [
    "a project that wants more than local",
    { toolchain: "local", version: "1.22.6" },
    ["warn GOTOOLCHAIN=local, and /src/shop asks for Go 1.23: outside containers this machine's go is 1.22.6"],
  ],
  ["a project that fixed go can follow", { toolchain: "go1.23.4", version: "1.22.6" }, []],
  [
    "a project that wants more than the fixed one",
    { toolchain: "go1.21.0", version: "1.26.8" },
    ["warn GOTOOLCHAIN=go1.21.0, and /src/shop asks for Go 1.23: outside containers this machine's go is 1.21.0"],
  ],
  ["a project that auto serves", { toolchain: "auto", version: "1.22.6" }, []],
  ["a Go that says nothing", {}, []],
])("%s", (_name, go, expected) => {
  const found = goAdvice(go, [folder("/src/shop", { goVersion: "1.23" }), folder("/src/gone", { exists: false })]);
  expect(found.map((one) => `${one.status} ${one.found}: ${one.why}`)).toEqual(
    expected.map((text) => expect.stringContaining(text)),
  );
});

test.each([
  ["local", "this one and no other: where go.mod asks for a newer one nothing builds"],
  ["go1.22.6", "go1.22.6 and no other: where go.mod asks for a newer one nothing builds"],
  ["auto", "this one, or a newer one that go.mod asks for, downloaded and verified like a module"],
  ["go1.22.6+auto", "go1.22.6, or a newer one that go.mod asks for, downloaded and verified like a module"],
  ["path", "this one, or a newer one that go.mod asks for and that is on PATH as go1.x.y"],
  ["local+path", "this one, or a newer one that go.mod asks for and that is on PATH as go1.x.y"],
])("GOTOOLCHAIN=%s is explained", (value, said) => expect(explainToolchain(value)).toBe(said));

test("the fix fits where it was set", () => {
  const [one, two] = goAdvice({ settings: { GOROOT: env("/x"), GO111MODULE: written("off") } });
  expect([one?.fix, two?.fix]).toEqual([
    "unset GOROOT, and take it out of your shell's profile",
    "go env -u GO111MODULE",
  ]);
});
