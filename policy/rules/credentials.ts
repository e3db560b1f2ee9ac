import { isPath, namesCredential, shapeOf } from "../../domain/credentials.ts";
import { type Container, defineRule, type Report, type Rule } from "../rule.ts";
import { secretPaths } from "../values.ts";

interface Pair {
  /** As in a report: `envs NAME`. */
  where: string;
  path: string;
  name: string;
  value: string;
}

function judgePair({ where, path, name, value }: Pair, allow: ReadonlySet<string>, report: Report): void {
  if (allow.has(name)) return;
  const shape = shapeOf(value);
  if (shape !== undefined) report(`${where} has ${shape}`, path);
  else if (namesCredential(name) && value !== "" && !isPath(value)) report(`${where} has a value`, path);
}

const split = (entry: string): [string, string] => {
  const at = entry.indexOf("=");
  return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
};

/** `--token=x` and `--token x`; a flag that follows is no value. */
function judgeWords(where: string, words: readonly string[], allow: ReadonlySet<string>, report: Report): void {
  for (const [i, word] of words.entries()) {
    const shape = shapeOf(word);
    const place = `${where}[${i}]`;
    const [name, inline] = split(word.replace(/^-+/, ""));
    if (shape !== undefined) report(`${place} has ${shape}`, place);
    else if (word.includes("=")) judgePair({ where: place, path: place, name, value: inline }, allow, report);
    else if (word.startsWith("-")) {
      const next = words[i + 1] ?? "";
      // Its shape is judged when its turn comes.
      const value = next.startsWith("-") || shapeOf(next) !== undefined ? "" : next;
      judgePair({ where: place, path: place, name, value }, allow, report);
    }
  }
}

function judgeContainer(args: Container, allow: ReadonlySet<string>, report: Report): void {
  for (const [i, entry] of (args.envs ?? []).entries()) {
    const [name, value] = split(entry);
    judgePair({ where: `envs ${name}`, path: `envs[${i}]`, name, value }, allow, report);
  }
  for (const [i, { label, value }] of (args.labels ?? []).entries()) {
    judgePair({ where: `label ${label}`, path: `labels[${i}]`, name: label, value }, allow, report);
  }
  for (const key of ["command", "entrypoints"] as const) judgeWords(key, args[key] ?? [], allow, report);
  judgeWords("healthcheck.tests", args.healthcheck?.tests ?? [], allow, report);
}

/** Parts of a container that everybody sees who may ask the engine. */
const SHOWN = /^(envs|labels|command|entrypoints|healthcheck|hostname|name)\b/;

export function noCredentials(allow: string[] = []): Rule {
  return defineRule({
    id: "container-credentials",
    title: "Containers are declared without credentials",
    why: "Environment, labels and command of a container stand in `docker inspect`, in the process list and in every image or report made of it: whoever may look at the machine has them.",
    fix: "Write it to a file with mode 0600 (a ManagedFile whose content is a secret), mount that file, and give the program its path, such as NETRC=/etc/workstation-secrets/netrc. Where the value is no credential, put the name on the list `allow` of the policy's configuration.",
    reference: "CIS Docker Benchmark 1.2.0, 4.10; CWE-526",
    level: "mandatory",
    options: { allow },
    schema: {
      allow: {
        type: "array",
        items: { type: "string" },
        description: "Names of variables, labels and flags to accept.",
      },
    },
    checks: {
      "docker:index/container:Container"(args, report, options) {
        for (const path of secretPaths(args)) {
          if (SHOWN.test(path)) report(`${path} is a secret, and stands there for everybody to read`, path);
        }
        judgeContainer(args, new Set(options.allow), report);
      },
      "workstation:index:LocalImage"({ recipe }, report, options) {
        const allowed = new Set(options.allow);
        const { env = {}, labels = {}, cmd = [], entrypoint = [] } = recipe?.config ?? {};
        for (const [where, pairs] of Object.entries({ env, labels })) {
          for (const [name, value] of Object.entries(pairs)) {
            const path = `recipe.config.${where}`;
            judgePair({ where: `${path} ${name}`, path: `${path}.${name}`, name, value }, allowed, report);
          }
        }
        judgeWords("recipe.config.cmd", cmd, allowed, report);
        judgeWords("recipe.config.entrypoint", entrypoint, allowed, report);
      },
    },
  });
}
