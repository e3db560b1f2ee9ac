import { LABEL_INHERITED, LABEL_UPSTREAM } from "../../domain/names.ts";
import { type Container, defineRule, type Report, type Rule } from "../rule.ts";

type Environment = ReadonlyMap<string, string>;

/** The last of two equal names counts, as for the container. */
function environment({ envs }: Pick<Container, "envs">): Environment {
  return new Map(
    (envs ?? []).map((entry) => {
      const [name = "", value = ""] = entry.split(/=(.*)/s);
      return [name, value];
    }),
  );
}

type Check<O> = (env: Environment, report: Report, options: O, container: Container) => void;

/** What an image sets holds in every container that is made of it. */
function inEnvironments<O>(check: Check<O>) {
  return {
    "docker:index/container:Container"(args: Container, report: Report, options: O) {
      check(environment(args), (message) => report(message, "envs"), options, args);
    },
    "workstation:index:LocalImage"(
      { recipe }: { recipe?: { config: { env: Record<string, string> } } },
      report: Report,
      options: O,
    ) {
      const env = new Map(Object.entries(recipe?.config.env ?? {}));
      check(env, (message) => report(`in the image ${message}`, "recipe.config.env"), options, {});
    },
  };
}

const labelOf = ({ labels }: Container, name: string): string =>
  (labels ?? []).find(({ label }) => label === name)?.value ?? "";

/** This machine's own Go is set so, and nobody in the settings: see `inheritedSettings`. */
const isInherited = (container: Container, name: string): boolean =>
  labelOf(container, LABEL_INHERITED).split(",").includes(name);

const OWN_PROXY = /^https:\/\/goproxy\.gows-[a-z0-9-]+\.internal(:\d+)?\/?$/;

const OWN_HOST = /\.gows-[a-z0-9-]+\.internal\b/;

/** By the proxy's own name, or by the password for it: a GOPROXY that was changed afterwards must not hide it. */
function usesOwnProxy(env: Environment): boolean {
  return OWN_HOST.test(env.get("GOPROXY") ?? "") || /^\/etc\/workstation-secrets\//.test(env.get("NETRC") ?? "");
}

export function proxyOnly(): Rule {
  return defineRule({
    id: "go-proxy-only",
    title: "Containers with the stack's module proxy use nothing else",
    why: "After a 404 `,direct` asks the public servers for the same path, and so tells them the names of private modules; it also takes from there what the proxy refused. GONOPROXY and GOPRIVATE go around the proxy in the same way.",
    fix: "Set GOPROXY to the proxy's https address, alone or with `,off`, and GONOPROXY to `none`. What the proxy itself asks is a setting of the proxy (`goProxy`).",
    reference: "Go Modules Reference, Private modules",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      "docker:index/container:Container"(args, report) {
        const env = environment(args);
        if (!usesOwnProxy(env)) return;
        const [first = "", ...rest] = (env.get("GOPROXY") ?? "").split(/[,|]/);
        if (first === "") report("GOPROXY is not set", "envs");
        else if (!OWN_PROXY.test(first)) report(`GOPROXY begins with ${withoutUser(first)}`, "envs");
        for (const one of rest) if (one !== "off") report(`GOPROXY goes on with ${withoutUser(one)}`, "envs");
        const around = env.get("GONOPROXY");
        if (around !== "none") report(`GONOPROXY is ${around ?? "not set"}`, "envs");
      },
    },
  });
}

/** A report must not hold a password that stands in an address. */
const withoutUser = (address: string): string => address.replace(/\/\/[^/@]*@/, "//");

/** The stack's own proxy is judged by `proxyOnly`. */
const plainAddresses = (list: string): string[] =>
  list.split(/[,|]/).filter((address) => /^\s*http:/i.test(address) && !OWN_HOST.test(address));

export function proxyOverTls(): Rule {
  const checks = inEnvironments((env, report, _options, container) => {
    if (isInherited(container, "GOPROXY")) return;
    for (const address of plainAddresses(env.get("GOPROXY") ?? "")) report(`GOPROXY has ${withoutUser(address)}`);
  });
  return defineRule({
    id: "go-proxy-tls",
    title: "Module proxies are asked over TLS",
    why: "Over plain http anybody between here and there can hand out other modules, and read which ones are asked for; the checksum database notices only what is public and checked.",
    fix: "Give GOPROXY, and what the stack's module proxy asks (`go.env.GOPROXY`), an https address.",
    reference: "Go Modules Reference, GOPROXY protocol",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      ...checks,
      "docker:index/container:Container"(args, report, options) {
        checks["docker:index/container:Container"](args, report, options);
        if (isInherited(args, "GOPROXY")) return;
        for (const address of plainAddresses(labelOf(args, LABEL_UPSTREAM))) {
          report(`the module proxy asks ${withoutUser(address)}`, "labels");
        }
      },
    },
  });
}

/** Modules that are nobody's here: a pattern that takes them in is wider than any private host. */
const PUBLIC = [
  ...["github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitee.com"],
  ...["golang.org", "google.golang.org", "cloud.google.com", "gopkg.in", "k8s.io", "sigs.k8s.io", "go.uber.org"],
].map((host) => `${host}/anybody/anything`);

const escaped = (text: string): string => text.replace(/[.+^${}()|\\]/g, "\\$&");

/** As GOPRIVATE does: a pattern is for what it matches, and for everything below. */
function takesIn(pattern: string, path: string): boolean {
  const source = escaped(pattern.trim().replace(/\/$/, "")).replaceAll("*", "[^/]*").replaceAll("?", "[^/]");
  return pattern.trim() !== "" && new RegExp(`^${source}(/|$)`).test(path);
}

function judgePatterns(name: string, value: string, hosts: readonly string[], report: Report): void {
  for (const pattern of value.split(",").map((one) => one.trim())) {
    if (pattern === "" || pattern === "none") continue;
    const all = PUBLIC.filter((path) => takesIn(pattern, path));
    const first = all[0]?.split("/")[0];
    if (all.length > 1) report(`${name} has ${pattern}, which takes in public modules of every host`);
    else if (first !== undefined) report(`${name} has ${pattern}, which takes in public modules of ${first}`);
    else if (hosts.length > 0 && !hosts.some((host) => pattern === host || takesIn(host, pattern))) {
      report(`${name} has ${pattern}, which is none of the private hosts`);
    }
  }
}

export function modulesChecked(hosts: string[] = []): Rule {
  return defineRule({
    id: "go-modules-checked",
    title: "Go checks what it fetches, except from private hosts",
    why: "For what such a pattern takes in nobody compares what arrives with the checksum database, and with -insecure nobody looks at the server's certificate: a changed module builds like a good one.",
    fix: "Name the private hosts, or the organisation on a public one (GOPRIVATE=git.corp.example,github.com/acme), and take -insecure out of GOFLAGS.",
    reference: "Go Modules Reference, Private modules and Authenticating modules",
    level: "mandatory",
    options: { hosts },
    schema: {
      hosts: {
        type: "array",
        items: { type: "string" },
        description: "The private hosts, as in GOPRIVATE: no other may go unchecked. Empty: any that is not public.",
      },
    },
    checks: inEnvironments((env, report, options: { hosts: string[] }) => {
      for (const name of ["GONOSUMDB", "GOPRIVATE", "GONOSUMCHECK"]) {
        judgePatterns(name, env.get(name) ?? "", options.hosts, report);
      }
      if (/(^|\s)--?insecure\b/.test(env.get("GOFLAGS") ?? "")) report("GOFLAGS has -insecure");
    }),
  });
}

export function noInsecureHosts(hosts: string[] = []): Rule {
  return defineRule({
    id: "go-insecure",
    title: "Modules come over connections that are verified",
    why: "GOINSECURE takes plain http and any certificate: whoever is on the way chooses the code, and the credentials for the server are theirs too.",
    fix: "Take GOINSECURE out, and trust the server's root instead (hostSync.roots).",
    reference: "Go command documentation, GOINSECURE; CWE-295",
    level: "mandatory",
    options: { hosts },
    schema: {
      hosts: { type: "array", items: { type: "string" }, description: "Patterns to accept, as they are written." },
    },
    checks: inEnvironments((env, report, options: { hosts: string[] }, container) => {
      if (isInherited(container, "GOINSECURE")) return;
      for (const pattern of (env.get("GOINSECURE") ?? "").split(",").map((one) => one.trim())) {
        if (pattern !== "" && !options.hosts.includes(pattern)) report(`GOINSECURE has ${pattern}`);
      }
    }),
  });
}

export function checksumDatabase(): Rule {
  return defineRule({
    id: "go-checksum-database",
    title: "Modules are compared with the checksum database",
    why: "With GOSUMDB=off the first download of a version is believed as it comes.",
    fix: "Leave GOSUMDB out. The module proxy (`goProxy.mode: local`) keeps a copy of the database that also works without a network.",
    reference: "Go Modules Reference, Checksum database",
    level: "mandatory",
    options: {},
    schema: {},
    checks: inEnvironments((env, report, _options, container) => {
      if (env.get("GOSUMDB")?.trim() === "off" && !isInherited(container, "GOSUMDB")) report("GOSUMDB is off");
    }),
  });
}

export function modulesReadonly(): Rule {
  return defineRule({
    id: "go-mod-readonly",
    title: "Builds do not change go.mod and go.sum",
    why: "With -mod=mod a build fetches what is missing and writes its hash down as right: nobody decides about a new dependency, and a changed hash is replaced instead of refused.",
    fix: "Take -mod=mod out of GOFLAGS; `go get` and `go mod tidy` change these files when somebody wants it.",
    reference: "Go Modules Reference, Build commands",
    level: "mandatory",
    options: {},
    schema: {},
    checks: inEnvironments((env, report) => {
      if (/(^|\s)--?mod[= ]mod(\s|$)/.test(env.get("GOFLAGS") ?? "")) report("GOFLAGS has -mod=mod");
    }),
  });
}

/** Where a network has no checksum database there is no other way: a remark, because who set it is not in the stack. */
export function inheritedSettings(): Rule {
  return defineRule({
    id: "go-inherited",
    title: "This machine's own Go settings weaken no container",
    why: "Containers inherit what `go env` of the machine says. What is off there is off in them, although nobody in the settings asked for it.",
    fix: "Change it on the machine (`go env -u NAME`), or set it in `go.env`.",
    reference: "Go Modules Reference, Environment variables",
    level: "advisory",
    options: {},
    schema: {},
    checks: {
      "docker:index/container:Container"(args, report) {
        const env = environment(args);
        for (const name of labelOf(args, LABEL_INHERITED).split(",")) {
          if (name !== "") report(`${name} is ${withoutUser(env.get(name) ?? "not set")}, as on the machine`, "envs");
        }
      },
    },
  });
}
