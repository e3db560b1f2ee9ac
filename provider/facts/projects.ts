/** Go projects: whose they are, which Go they ask for, and a fingerprint of their sources. */
import { createHash } from "node:crypto";
import { readlink, realpath } from "node:fs/promises";
import path from "node:path";
import type { ProjectFacts } from "../../domain/facts.ts";
import type { Host } from "../host.ts";

const mostFiles = 2000;
const atOnce = 32;
const passedOver = new Set([".git", "vendor", "node_modules"]);

export async function projectFacts(host: Host, asked: string, wantsDigest: boolean): Promise<ProjectFacts> {
  const facts: ProjectFacts = {
    path: asked,
    exists: false,
    uid: 0,
    gid: 0,
    goVersion: "",
    toolchain: "",
    digest: "",
  };
  try {
    const root = host.files.real("/");
    const real = await realpath(host.files.real(asked));
    facts.path = root === "/" ? real : `/${path.relative(await realpath(root), real)}`;
    const found = await host.files.stat(facts.path);
    if (found?.kind !== "folder") return { ...facts, path: asked };
    Object.assign(facts, { exists: true, uid: found.uid, gid: found.gid });
    const [module, digest] = await Promise.all([
      host.files.text(path.join(facts.path, "go.mod")),
      wantsDigest ? sourceDigest(host, facts.path) : "",
    ]);
    facts.goVersion = directive(module, "go");
    facts.toolchain = directive(module, "toolchain");
    facts.digest = digest;
  } catch {
    // Missing or not readable: what is known so far is the answer.
  }
  return facts;
}

function directive(module: string | undefined, name: string): string {
  return new RegExp(`^${name}[ \\t]+(\\S+)`, "m").exec(module ?? "")?.[1] ?? "";
}

/** Empty when there are too many files to look at on every run. */
async function sourceDigest(host: Host, folder: string): Promise<string> {
  const names = (await trackedFiles(host, folder)) ?? (await walkedFiles(host, folder));
  if (names === undefined || names.length > mostFiles) return "";
  const hashes: string[] = [];
  for (let at = 0; at < names.length; at += atOnce) {
    hashes.push(
      ...(await Promise.all(names.slice(at, at + atOnce).map((name) => fileHash(host, path.join(folder, name))))),
    );
  }
  const whole = createHash("sha256");
  names.forEach((name, index) => {
    if (hashes[index] !== "") whole.update(`${name}\0${hashes[index]}\n`);
  });
  return whole.digest("hex");
}

async function fileHash(host: Host, file: string): Promise<string> {
  const found = await host.files.stat(file);
  // Tracked but deleted, a submodule, a pipe: no content of this project.
  if (found === undefined || found.kind === "folder" || found.kind === "other") return "";
  const content = found.kind === "link" ? `link:${await readlink(host.files.real(file))}` : await host.files.read(file);
  return createHash("sha256")
    .update(content ?? "")
    .digest("hex");
}

/** What Git tracks or would track; undefined when the folder is in no work tree or Git will not say. */
async function trackedFiles(host: Host, folder: string): Promise<string[] | undefined> {
  try {
    const env = {
      ...host.env,
      GIT_DIR: undefined,
      GIT_WORK_TREE: undefined,
      GIT_INDEX_FILE: undefined,
      GIT_OPTIONAL_LOCKS: "0",
    };
    const args = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    const { stdout } = await host.run("git", args, { cwd: host.files.real(folder), env, timeoutMs: 10_000 });
    return [...new Set(stdout.split("\0").filter((name) => name !== ""))].sort();
  } catch {
    return undefined;
  }
}

async function walkedFiles(host: Host, folder: string): Promise<string[] | undefined> {
  const names: string[] = [];
  const waiting = [""];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const entry of await host.files.list(path.join(folder, at))) {
      if (passedOver.has(entry.name)) continue;
      const name = path.join(at, entry.name);
      if (entry.isDirectory()) waiting.push(name);
      else names.push(name);
    }
    if (names.length > mostFiles) return undefined;
  }
  return names.sort();
}
