/** Bare git repositories with Go modules, the same commits on every run. */
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../server.ts";

/** A state of the repository: its files take the place of those before. */
interface Commit {
  files: Record<string, string>;
  tags?: string[];
}

interface Repository {
  /** Below the host, without `.git`. */
  path: string;
  commits: Commit[];
}

export interface LabModule {
  path: string;
  /** Tagged versions, oldest first. */
  versions: string[];
  /** Of a commit without tag, where there is one. */
  pseudo?: string;
  retracted?: string[];
}

/** What every host has, by what is special in it. */
export interface LabModules {
  plain: LabModule;
  capitals: LabModule;
  retracted: LabModule;
  /** No go.mod, v2: `+incompatible`. */
  incompatible: LabModule;
  /** In a folder of a repository that has other things too. */
  nested: LabModule;
  /** Requires `plain` v1.0.0. */
  dependent: LabModule;
  /** Three levels deep; undefined where the host has no subgroups. */
  subgroup: LabModule | undefined;
}

const source = (name: string, text: string): string =>
  `package ${name}\n\n// Text says which version this is.\nconst Text = ${JSON.stringify(text)}\n`;

const goMod = (module: string, more = ""): string => `module ${module}\n\ngo 1.22\n${more}`;

const DATE = "2026-01-02T03:04:05Z";

async function git(folder: string, ...args: string[]): Promise<string> {
  const who = { NAME: "Lab", EMAIL: "lab@example.com", DATE };
  const identity = Object.entries(who).flatMap(([key, value]) => [
    [`GIT_AUTHOR_${key}`, value],
    [`GIT_COMMITTER_${key}`, value],
  ]);
  const { stdout } = await run("git", args, {
    cwd: folder,
    // The machine's own settings must not change the commits.
    env: { ...process.env, ...Object.fromEntries(identity), GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
  });
  return stdout.trim();
}

/** Makes ROOT/PATH.git; returns the last commit's hash. */
async function make(root: string, { path, commits }: Repository): Promise<string> {
  const bare = join(root, `${path}.git`);
  const work = `${bare}.work`;
  await mkdir(work, { recursive: true });
  await git(work, "init", "-q", "-b", "main");
  for (const { files, tags = [] } of commits) {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(work, name)), { recursive: true });
      await writeFile(join(work, name), content);
    }
    await git(work, "add", "-A");
    await git(work, "commit", "-q", "-m", tags[0] ?? "next");
    for (const tag of tags) await git(work, "tag", tag);
  }
  const head = await git(work, "rev-parse", "HEAD");
  await git(dirname(bare), "clone", "-q", "--bare", work, bare);
  await rm(work, { recursive: true });
  return head;
}

/** A pseudo-version that follows `tag`, as `go` makes it. */
function pseudoVersion(tag: string, hash: string): string {
  const [major, minor, patch] = tag.slice(1).split(".");
  return `v${major}.${minor}.${Number(patch) + 1}-0.${DATE.replaceAll(/[-:TZ]/g, "")}-${hash.slice(0, 12)}`;
}

export interface Layout {
  /** Folder for the repositories of one host. */
  root: string;
  /** First element of the module paths. */
  host: string;
  /** Behind each repository's path in the module paths: `.git` for hosts that answer no `?go-get=1`. */
  suffix: "" | ".git";
  subgroups: boolean;
}

export async function makeRepositories(layout: Layout): Promise<LabModules> {
  const { root, host, suffix } = layout;
  const name = (path: string): string => `${host}/${path}${suffix}`;
  const versions = (path: string, ...list: string[]): Commit[] =>
    list.map((version) => ({
      files: { "go.mod": goMod(name(path)), "text.go": source("text", `${path} ${version}`) },
      tags: [version],
    }));
  const latest = (path: string): Commit => ({ files: { "text.go": source("text", `${path} next`) } });

  const plain = await make(root, {
    path: "team/hello",
    commits: [...versions("team/hello", "v1.0.0", "v1.1.0"), latest("team/hello")],
  });
  await make(root, { path: "Team/BigName", commits: versions("Team/BigName", "v1.0.0", "v1.1.0") });
  const withdrawn = goMod(name("team/withdrawn"), "\n// Wrong answers.\nretract v1.1.0\n");
  await make(root, {
    path: "team/withdrawn",
    commits: [
      ...versions("team/withdrawn", "v1.0.0", "v1.1.0"),
      { files: { "go.mod": withdrawn, "text.go": source("text", "v1.2.0") }, tags: ["v1.2.0"] },
    ],
  });
  await make(root, {
    path: "team/old",
    commits: [
      { files: { "text.go": source("text", "v1.0.0") }, tags: ["v1.0.0"] },
      { files: { "text.go": source("text", "v2.0.0") }, tags: ["v2.0.0"] },
    ],
  });
  await make(root, {
    path: "team/many",
    commits: [
      {
        files: {
          "README.md": "many\n",
          "tools/go.mod": goMod(`${name("team/many")}/tools`),
          "tools/text.go": source("text", "tools"),
        },
        tags: ["tools/v1.0.0"],
      },
    ],
  });
  await make(root, {
    path: "team/app",
    commits: [
      {
        files: {
          "go.mod": goMod(name("team/app"), `\nrequire ${name("team/hello")} v1.0.0\n`),
          "app.go": `package app\n\nimport text "${name("team/hello")}"\n\n// Text is that of hello.\nconst Text = text.Text\n`,
        },
        tags: ["v1.0.0"],
      },
    ],
  });
  if (layout.subgroups) {
    await make(root, { path: "team/group/deep", commits: versions("team/group/deep", "v1.0.0", "v1.1.0") });
  }
  return {
    plain: { path: name("team/hello"), versions: ["v1.0.0", "v1.1.0"], pseudo: pseudoVersion("v1.1.0", plain) },
    capitals: { path: name("Team/BigName"), versions: ["v1.0.0", "v1.1.0"] },
    retracted: { path: name("team/withdrawn"), versions: ["v1.0.0", "v1.1.0", "v1.2.0"], retracted: ["v1.1.0"] },
    incompatible: { path: name("team/old"), versions: ["v1.0.0", "v2.0.0+incompatible"] },
    nested: { path: `${name("team/many")}/tools`, versions: ["v1.0.0"] },
    dependent: { path: name("team/app"), versions: ["v1.0.0"] },
    subgroup: layout.subgroups ? { path: name("team/group/deep"), versions: ["v1.0.0", "v1.1.0"] } : undefined,
  };
}

/** The longest beginning of `path` that is a repository. */
export function repositoryOf(root: string, path: string): string | undefined {
  const parts = path.split("/").filter((part) => part !== "");
  for (let length = parts.length; length > 0; length--) {
    const one = parts.slice(0, length).join("/");
    if (existsSync(join(root, `${one}.git`))) return one;
  }
  return undefined;
}
