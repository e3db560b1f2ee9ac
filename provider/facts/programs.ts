/** What the machine's Go and Git say about themselves: one process each. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import path from "node:path";
import type { GitFacts, GoFacts } from "../../domain/facts.ts";
import type { Host } from "../host.ts";

const inherited = ["GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE", "GOVCS"];
const patienceMs = 10_000;

export async function goFacts(host: Host): Promise<GoFacts> {
  const found = await onPath("go", host.env.PATH);
  if (found === undefined) return { path: "", version: "", env: {} };
  try {
    // Outside any module and with the local toolchain: neither a go.work nor a download changes the answer.
    const env = { ...host.env, GOWORK: "off", GOTOOLCHAIN: "local", GO111MODULE: undefined };
    const { stdout } = await host.run(found, ["env", "-json", "GOVERSION", ...inherited], {
      cwd: "/",
      env,
      timeoutMs: patienceMs,
    });
    const values = JSON.parse(stdout) as Record<string, string>;
    const kept = inherited.flatMap((name) => (values[name] ? [[name, values[name]] as const] : []));
    return { path: found, version: (values.GOVERSION ?? "").replace(/^go/, ""), env: Object.fromEntries(kept) };
  } catch {
    return { path: found, version: "", env: {} };
  }
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
