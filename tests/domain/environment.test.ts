import {
  hasCredentials,
  namesLoopback,
  planEnvironment,
  renderGitConfig,
  withoutCredentials,
} from "../../domain/environment.ts";

const facts = { go: { path: "/usr/bin/go", version: "1.26.8", env: {} }, proxy: {} };
const plan = (changes: Partial<Parameters<typeof planEnvironment>[0]> = {}) =>
  planEnvironment({ goVersion: "1.22.6", facts, goEnv: {}, projectEnv: {}, ...changes });

test("a container's Go is the project's, its caches the volumes", () => {
  const { env, warnings } = plan();
  const trust = "/etc/workstation/trust/ca-certificates.crt";
  expect(env).toEqual({
    CURL_CA_BUNDLE: trust,
    GIT_SSL_CAINFO: trust,
    NODE_EXTRA_CA_CERTS: trust,
    PIP_CERT: trust,
    REQUESTS_CA_BUNDLE: trust,
    SSL_CERT_FILE: trust,
    GIT_CONFIG_SYSTEM: "/etc/workstation/gitconfig",
    GOCACHE: "/home/dev/.cache/go-build",
    GOMODCACHE: "/go/pkg/mod",
    GOPATH: "/go",
    GOPLSCACHE: "/home/dev/.cache/gopls",
    GOTOOLCHAIN: "local",
    HOME: "/home/dev",
    PATH: "/go/bin:/usr/local/sdk/go1.22.6/bin:/usr/local/sdk/go1.22.6-tools/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  });
  expect(Object.keys(env)).toEqual(Object.keys(env).sort());
  expect(warnings).toEqual([]);
});

test("what this machine's own Go weakens is named, and what the settings say is not", () => {
  const weak = { GOPROXY: "https://a.example,http://b.example", GOSUMDB: "off", GOINSECURE: "lab.example" };
  const of = (env: Record<string, string>, more: object = {}) =>
    plan({ facts: { ...facts, go: { ...facts.go, env } }, ...more }).weakened;
  expect(of(weak)).toEqual(["GOINSECURE", "GOPROXY", "GOSUMDB"]);
  expect(of({ GOPROXY: "https://a.example", GOSUMDB: "sum.golang.org" })).toEqual([]);
  expect(of(weak, { goEnv: { GOSUMDB: "off" }, projectEnv: { GOINSECURE: "*" } })).toEqual(["GOPROXY"]);
  expect(of(weak, { moduleProxy: () => ({ GOPROXY: "https://own.example" }) })).toEqual(["GOINSECURE", "GOSUMDB"]);
});

test("this machine's Go settings and proxies go along; the team's and the project's win", () => {
  const { env } = plan({
    facts: {
      ...facts,
      go: { ...facts.go, env: { GOPROXY: "https://proxy.example", GOSUMDB: "off" } },
      proxy: { HTTPS_PROXY: "http://proxy.example:3128" },
    },
    goEnv: { GOSUMDB: "sum.example", GOPRIVATE: "git.example" },
    projectEnv: { GOPRIVATE: "own.example" },
  });
  expect(env).toMatchObject({
    GOPROXY: "https://proxy.example",
    GOSUMDB: "sum.example",
    GOPRIVATE: "own.example",
    HTTPS_PROXY: "http://proxy.example:3128",
    https_proxy: "http://proxy.example:3128",
  });
});

test("a password in this machine's settings does not reach a container, and that is said", () => {
  const { env, warnings } = plan({
    facts: {
      ...facts,
      go: { ...facts.go, env: { GOPROXY: "https://ada:hunter2@proxy.example,direct" } },
      proxy: { HTTP_PROXY: "http://tok@proxy.example" },
    },
  });
  expect(env).toMatchObject({ GOPROXY: "https://proxy.example,direct", HTTP_PROXY: "http://proxy.example" });
  expect(warnings).toHaveLength(2);
  expect(JSON.stringify([env, warnings])).not.toMatch(/hunter2|tok@/);
});

test("an address of this machine itself is left out, and that is said", () => {
  const { env, warnings } = plan({
    facts: {
      ...facts,
      go: { ...facts.go, env: { GOPROXY: "http://localhost:3000" } },
      proxy: { HTTP_PROXY: "http://127.0.0.1:3128", NO_PROXY: "localhost,127.0.0.1" },
    },
  });
  expect(env).not.toHaveProperty("GOPROXY");
  expect(env).not.toHaveProperty("HTTP_PROXY");
  expect(env).toMatchObject({ NO_PROXY: "localhost,127.0.0.1" });
  expect(warnings.map((warning) => warning.split("=")[0])).toEqual(["GOPROXY", "HTTP_PROXY"]);
});

test("every TLS client is told of the file of roots that is mounted", () => {
  const file = "/etc/workstation/trust/ca-certificates.crt";
  expect(plan({}).env).toMatchObject({ NODE_EXTRA_CA_CERTS: file, SSL_CERT_FILE: file, GIT_SSL_CAINFO: file });
});

test.each([
  ["https://u:p@h/x|https://h2,direct", "https://h/x|https://h2,direct"],
  ["https://h/@v/x", "https://h/@v/x"],
  ["direct", "direct"],
])("%s without credentials is %s", (given, clean) => {
  expect(withoutCredentials(given)).toBe(clean);
  expect(hasCredentials(given)).toBe(given !== clean);
});

test.each([
  ["http://localhost:1", true],
  ["https://proxy.example,http://[::1]:80", true],
  ["127.0.0.1:80", true],
  ["http://localhost.example", false],
  ["http://10.127.0.0.1.example", false],
])("%s names this machine: %s", (address, expected) => expect(namesLoopback(address)).toBe(expected));

test("git's configuration: identity when there is one, folders once and in order", () => {
  expect(
    renderGitConfig({ name: 'Ada "A" L\\', email: "ada@example.org" }, [
      "/workspaces/b",
      "/workspaces/a",
      "/workspaces/b",
    ]),
  ).toBe(
    '# Written by go-workstation; read in containers as the system\'s git configuration.\n[user]\n\tname = "Ada \\"A\\" L\\\\"\n\temail = "ada@example.org"\n[safe]\n\tdirectory = "/workspaces/a"\n\tdirectory = "/workspaces/b"\n',
  );
  expect(renderGitConfig({ name: "", email: "" }, [])).not.toContain("[");
});
