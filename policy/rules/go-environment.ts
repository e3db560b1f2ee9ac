import { matchesAll } from "../../domain/go-host/advice.ts";
import { type Container, defineRule, type Rule } from "../rule.ts";

/** The last of two equal names counts, as for the container. */
function environment({ envs }: Container): ReadonlyMap<string, string> {
  return new Map(
    (envs ?? []).map((entry) => {
      const [name = "", value = ""] = entry.split(/=(.*)/s);
      return [name, value];
    }),
  );
}

const PROXY = /^https:\/\/goproxy\.gows-[a-z0-9-]+\.internal(:\d+)?\/?$/;

/** By the proxy's own name, or by the password for it: a GOPROXY that was changed afterwards must not hide it. */
function usesOwnProxy(env: ReadonlyMap<string, string>): boolean {
  return (
    /\.gows-[a-z0-9-]+\.internal\b/.test(env.get("GOPROXY") ?? "") ||
    /^\/etc\/workstation-secrets\//.test(env.get("NETRC") ?? "")
  );
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
        else if (!PROXY.test(first)) report(`GOPROXY begins with ${withoutUser(first)}`, "envs");
        for (const one of rest) if (one !== "off") report(`GOPROXY goes on with ${withoutUser(one)}`, "envs");
        const around = env.get("GONOPROXY");
        if (around !== "none") report(`GONOPROXY is ${around ?? "not set"}`, "envs");
      },
    },
  });
}

/** A report must not hold a password that stands in an address. */
const withoutUser = (address: string): string => address.replace(/\/\/[^/@]*@/, "//");

export function modulesChecked(): Rule {
  return defineRule({
    id: "go-modules-checked",
    title: "Go checks what it fetches",
    why: "With a pattern that stands for every module, or with -insecure, nobody compares what arrives with the checksum database or with the server's certificate: a changed module builds like a good one.",
    fix: "Name the private hosts (GOPRIVATE=git.corp.example) instead of `*`, and take -insecure out of GOFLAGS.",
    reference: "Go Modules Reference, Authenticating modules",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      "docker:index/container:Container"(args, report) {
        const env = environment(args);
        for (const name of ["GONOSUMDB", "GOPRIVATE", "GOINSECURE", "GONOSUMCHECK"]) {
          const value = env.get(name) ?? "";
          if (matchesAll(value)) report(`${name} is ${value}`, "envs");
        }
        if (/(^|\s)--?insecure\b/.test(env.get("GOFLAGS") ?? "")) report("GOFLAGS has -insecure", "envs");
      },
    },
  });
}

export function checksumDatabase(): Rule {
  return defineRule({
    id: "go-checksum-database",
    title: "Modules are compared with the checksum database",
    why: "With GOSUMDB=off the first download of a version is believed as it comes. Where a network has no checksum database there is no other way, so this is a remark.",
    fix: "Leave GOSUMDB out. The module proxy (`goProxy.mode: local`) keeps a copy of the database that also works without a network.",
    reference: "Go Modules Reference, Checksum database",
    level: "advisory",
    options: {},
    schema: {},
    checks: {
      "docker:index/container:Container"(args, report) {
        if (environment(args).get("GOSUMDB") === "off") report("GOSUMDB is off", "envs");
      },
    },
  });
}
