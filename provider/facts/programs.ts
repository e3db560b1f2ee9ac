/** What the machine's Go and Git say about themselves: one process each. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import path from "node:path";
import type { GitFacts, GoFacts } from "../../domain/facts.ts";
import type { Host } from "../host.ts";
import { quietly } from "./quietly.ts";

const inherited = ["GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE", "GOVCS"];
const patienceMs = 10_000;

/** Decide how Go builds. Asked of the environment and of Go's own file, because we ask Go itself without them. */
const building = [
  "GOROOT",
  "GOPATH",
  "GO111MODULE",
  "GOTOOLCHAIN",
  "GOFLAGS",
  "GOSUMDB",
  "GONOSUMDB",
  "GONOSUMCHECK",
  "GOINSECURE",
  "GOPRIVATE",
];

type GoSetting = NonNullable<GoFacts["settings"]>[string];

async function goSettings(host: Host): Promise<NonNullable<GoFacts["settings"]>> {
  const file = host.env.GOENV ?? path.join(host.env.XDG_CONFIG_HOME || path.join(host.user.home, ".config"), "go/env");
  const text = file === "off" || !path.isAbsolute(file) ? "" : ((await quietly(host.files.text(file))) ?? "");
  const written = new Map(
    text.split("\n").map((line) => [line.split("=")[0] ?? "", line.slice(line.indexOf("=") + 1)]),
  );
  return Object.fromEntries(
    building.flatMap((name): [string, GoSetting][] => {
      const value = host.env[name];
      if (value) return [[name, { value, from: "environment" }]];
      const kept = written.get(name);
      return kept ? [[name, { value: kept, from: "go env -w" }]] : [];
    }),
  );
}

export async function goFacts(host: Host): Promise<GoFacts> {
  const [found, settings] = await Promise.all([onPath("go", host.env.PATH), goSettings(host)]);
  if (found === undefined) return { path: "", version: "", env: {}, settings };
  try {
    // Outside any module and with the local toolchain: neither a go.work nor a download changes the answer. With a GOROOT
    // that is not there, or a relative GOPATH, the go command answers nothing at all: those are judged by `settings`.
    const own = { GOROOT: undefined, GOPATH: undefined, GO111MODULE: undefined };
    const env = { ...host.env, GOWORK: "off", GOTOOLCHAIN: "local", ...own, ...upstream(host.env) };
    const { stdout } = await host.run(found, ["env", "-json", "GOVERSION", "GOROOT", ...inherited], {
      cwd: "/",
      env,
      timeoutMs: patienceMs,
    });
    const values = JSON.parse(stdout) as Record<string, string>;
    const kept = inherited.flatMap((name) => (values[name] ? [[name, values[name]] as const] : []));
    const version = (values.GOVERSION ?? "").replace(/^go/, "");
    const root = values.GOROOT ?? "";
    const toolchain = settings.GOTOOLCHAIN?.value ?? (await sdkDefault(host, root));
    return {
      path: found,
      version,
      env: Object.fromEntries(kept),
      settings,
      ...(root === "" ? {} : { root }),
      ...(toolchain === undefined ? {} : { toolchain }),
    };
  } catch {
    return { path: found, version: "", env: {}, settings };
  }
}

/** In a shell that uses this stack's own module proxy: what the machine had before, or the proxy would ask itself. */
function upstream({ WORKSTATION_UPSTREAM_GOPROXY: before }: Host["env"]): { GOPROXY?: string | undefined } {
  return before === undefined ? {} : { GOPROXY: before === "" ? undefined : before };
}

/** Since Go 1.21 an SDK says itself; distributions change it. */
async function sdkDefault(host: Host, root: string): Promise<string | undefined> {
  const text = root === "" ? undefined : await quietly(host.files.text(path.join(root, "go.env")));
  return /^GOTOOLCHAIN=(\S+)/m.exec(text ?? "")?.[1];
}

export async function gitFacts(host: Host): Promise<GitFacts> {
  const facts: GitFacts = { name: "", email: "" };
  try {
    const args = ["config", "--global", "--includes", "--null", "--get-regexp", "^user\\.(name|email)$"];
    const { stdout } = await host.run("git", args, { cwd: "/", timeoutMs: patienceMs });
    for (const entry of stdout.split("\0")) {
      const [key = "", ...value] = entry.split("\n");
      // The last one wins, as in Git.
      if (key === "user.name") facts.name = value.join("\n");
      if (key === "user.email") facts.email = value.join("\n");
    }
  } catch {
    // No git, or nothing set (exit code 1): both mean that there is no identity to hand on.
  }
  return facts;
}

export async function onPath(name: string, search: string | undefined): Promise<string | undefined> {
  for (const folder of (search ?? "").split(":")) {
    if (!path.isAbsolute(folder)) continue;
    const file = path.join(folder, name);
    try {
      await access(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
