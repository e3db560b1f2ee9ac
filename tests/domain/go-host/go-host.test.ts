import { execFileSync } from "node:child_process";
import { parseSettings } from "../../../config/load.ts";
import { resolveAllTools } from "../../../domain/compatibility.ts";
import { goAdvice } from "../../../domain/go-host/advice.ts";
import { planGoHost } from "../../../domain/go-host/plan.ts";
import { absolutePath } from "../../../domain/plan.ts";

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
  const folder = `${home}/.local/share/go-workstation/go`;
  expect(shell('echo "$PATH"')).toBe(`${folder}/go1.22.6/bin:${folder}/go1.22.6-tools/bin:/usr/bin:/bin\n`);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell fills this in
  expect(shell('echo "${GOROOT-unset} $GOTOOLCHAIN"')).toBe("unset local\n");
});

test("a login shell sources it where that is wanted", () => {
  const found = plan({ enabled: true, profile: true });
  expect(found?.profile?.path).toBe(`${home}/.profile`);
  execFileSync("sh", ["-n", "-c", found?.profile?.content ?? ""]);
});

test.each(["/usr/local/go", "/opt", "/", "/etc/go", "relative/go"])("the folder %s is refused", (folder) => {
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

test("the fix fits where it was set", () => {
  const [one, two] = goAdvice({ settings: { GOROOT: env("/x"), GO111MODULE: written("off") } });
  expect([one?.fix, two?.fix]).toEqual([
    "unset GOROOT, and take it out of your shell's profile",
    "go env -u GO111MODULE",
  ]);
});
