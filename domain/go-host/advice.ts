/** What a person's own Go settings do to builds here, and what to do about it. Pure. */
import type { GoFacts } from "../facts.ts";

export interface Advice {
  status: "warn" | "fail";
  /** Such as `GOROOT=/usr/lib/go (environment)`. */
  found: string;
  why: string;
  fix: string;
}

type Rule = [name: string, bad: (value: string) => boolean, status: Advice["status"], why: string];

const always = (): boolean => true;

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
  ["GONOSUMCHECK", always, "fail", "module contents are not verified by the checksum database"],
  [
    "GONOSUMDB",
    (value) => value.split(",").some((one) => one.trim() === "*"),
    "fail",
    "no module is verified by the checksum database",
  ],
  [
    "GOINSECURE",
    (value) => value.split(",").some((one) => one.trim() === "*"),
    "fail",
    "every module may come over connections that nobody verified",
  ],
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

export function goAdvice({ settings = {} }: Pick<GoFacts, "settings">): Advice[] {
  const advice = RULES.flatMap(([name, bad, status, why]): Advice[] => {
    const set = settings[name];
    if (set === undefined || set.value === "" || !bad(set.value)) return [];
    return [{ status, found: `${name}=${set.value} (${set.from})`, why, fix: fixOf(name, set.from) }];
  });
  const gopath = settings.GOPATH;
  if (gopath !== undefined && settings.GOROOT?.value === gopath.value) {
    advice.push({
      status: "fail",
      found: `GOPATH=${gopath.value} (${gopath.from})`,
      why: "it is GOROOT too: downloaded modules would be mixed with the SDK",
      fix: fixOf("GOPATH", gopath.from),
    });
  }
  return advice;
}

const fixOf = (name: string, from: string): string =>
  from === "environment" ? `unset ${name}, and take it out of your shell's profile` : `go env -u ${name}`;
