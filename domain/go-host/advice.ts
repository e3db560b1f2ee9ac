/** What a person's own Go settings do to builds here, and what to do about it. Pure. */
import type { GoFacts, ProjectFacts } from "../facts.ts";
import { compareVersions } from "../versions.ts";

export interface Advice {
  status: "warn" | "fail";
  /** Such as `GOROOT=/usr/lib/go (environment)`. */
  found: string;
  why: string;
  fix: string;
}

type Rule = [name: string, bad: (value: string) => boolean, status: Advice["status"], why: string];

const always = (): boolean => true;
/** Patterns as in GOPRIVATE of which one stands for every module. */
export const matchesAll = (patterns: string): boolean =>
  patterns.split(",").some((one) => /^\*(\/\*)*$/.test(one.trim()));

const RULES: readonly Rule[] = [
  [
    "GOROOT",
    always,
    "fail",
    "each go command knows its own; with that of another release builds fail with version mismatches",
  ],
  [
    "GO111MODULE",
    (value) => value === "off",
    "fail",
    "modules are off: go.mod is not read, and versions are not verified",
  ],
  [
    "GO111MODULE",
    (value) => value === "auto",
    "warn",
    "folders without go.mod are built without modules; leave it unset",
  ],
  ["GOSUMDB", (value) => value === "off", "fail", "module contents are not verified by the checksum database"],
  [
    "GONOSUMCHECK",
    always,
    "warn",
    "the go command does not read it: whoever set it relies on something that does not happen",
  ],
  ["GONOSUMDB", matchesAll, "fail", "no module is verified by the checksum database"],
  ["GOPRIVATE", matchesAll, "fail", "every module counts as private: none is verified by the checksum database"],
  ["GOINSECURE", matchesAll, "fail", "every module may come over connections that nobody verified"],
  [
    "GOFLAGS",
    (value) => /-mod=mod\b/.test(value),
    "warn",
    "builds change go.mod and go.sum by themselves; use `go get` and `go mod tidy`",
  ],
  ["GOFLAGS", (value) => /-insecure\b/.test(value), "fail", "modules may come over connections that nobody verified"],
  [
    "GOTOOLCHAIN",
    (value) => value.includes("+") || value === "auto",
    "warn",
    "a project's go.mod may fetch and run another Go release than the one chosen in the settings; `local` keeps to it",
  ],
  [
    "GOTOOLCHAIN",
    (value) => /^go1/.test(value) && !value.includes("+"),
    "warn",
    "every project is built with this release, whatever was chosen for it",
  ],
];

export type AdviceQuestion = Pick<GoFacts, "settings" | "root" | "toolchain"> & { version?: string };

export function goAdvice(go: AdviceQuestion, projects: readonly ProjectFacts[] = []): Advice[] {
  const { settings = {} } = go;
  const advice = RULES.flatMap(([name, bad, status, why]): Advice[] => {
    const set = settings[name];
    if (set === undefined || set.value === "" || !bad(set.value)) return [];
    return [{ status, found: `${name}=${set.value} (${set.from})`, why, fix: fixOf(name, set.from) }];
  });
  const { GOPATH } = settings;
  const why = GOPATH && gopathProblem(GOPATH.value, [settings.GOROOT?.value, go.root], projects);
  if (GOPATH !== undefined && why !== undefined) {
    const found = `GOPATH=${GOPATH.value} (${GOPATH.from})`;
    advice.push({ status: "fail", found, why, fix: fixOf("GOPATH", GOPATH.from) });
  }
  return [...advice, ...behind(go, projects)];
}

const plain = (path: string): string => path.replace(/(?<=.)\/+$/, "");
const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

function gopathProblem(
  value: string,
  roots: readonly (string | undefined)[],
  projects: readonly ProjectFacts[],
): string | undefined {
  for (const entry of value.split(":").map(plain)) {
    if (!entry.startsWith("/")) return `"${entry}" is not absolute, which the go command refuses`;
    if (roots.some((root) => root !== undefined && plain(root) === entry))
      return "it is GOROOT too: downloaded modules would be mixed with the SDK";
    const project = projects.find(({ exists, path }) => exists && isBelow(entry, path));
    if (project !== undefined)
      return `it is in the project ${project.path}: downloaded modules become part of it, for git and for editors`;
  }
  return undefined;
}

/** Projects whose `go` line the Go of this machine cannot follow, because it may take no other. */
function behind(go: AdviceQuestion, projects: readonly ProjectFacts[]): Advice[] {
  const fixed = /^go(\d[\d.]*)$/.exec(go.toolchain ?? "")?.[1];
  const used = fixed ?? (go.toolchain === "local" ? go.version : undefined);
  if (used === undefined || used === "") return [];
  const newer = projects.filter(
    (one) => one.exists && one.goVersion !== "" && compareVersions(one.goVersion, used) > 0,
  );
  if (newer.length === 0) return [];
  return [
    {
      status: "warn",
      found: `GOTOOLCHAIN=${go.toolchain}, and ${newer.map((one) => `${one.path} asks for Go ${one.goVersion}`).join(", ")}`,
      why: `outside containers this machine's go is ${used} there and nothing builds`,
      fix: "set goToolchain.enabled and take the project's own Go: `./workstation env --project NAME`",
    },
  ];
}

/** What happens when a project's go.mod asks for another Go than the one that was started. */
export function explainToolchain(value: string): string {
  const [base = "", suffix] = value.split("+");
  const least = base === "auto" || base === "path" || base === "local" ? "this one" : base;
  const further = base === "auto" || base === "path" ? base : suffix;
  if (further === "auto") return `${least}, or a newer one that go.mod asks for, downloaded and verified like a module`;
  if (further === "path") return `${least}, or a newer one that go.mod asks for and that is on PATH as go1.x.y`;
  return `${least} and no other: where go.mod asks for a newer one nothing builds`;
}

const fixOf = (name: string, from: string): string =>
  from === "environment" ? `unset ${name}, and take it out of your shell's profile` : `go env -u ${name}`;
