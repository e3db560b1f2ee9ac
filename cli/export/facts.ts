/** What an export says of the checkout that made it, and who this person is. */
import { readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import { structuredValues } from "../../config/parse.ts";
import { settingsSchema } from "../../config/schema.ts";
import { resolveAllTools } from "../../domain/compatibility.ts";
import type { Versions } from "../../domain/export/document.ts";
import type { Personal } from "../../domain/export/personal.ts";
import { PlanError } from "../../domain/problems.ts";
import type { Context } from "../context.ts";
import { loginName } from "../setup/stack.ts";
import { readPins } from "../setup/toolchain-build.ts";
import { gitSetting } from "./key.ts";

/** What this checkout is pinned to, with these settings; not what this machine happens to have. */
export function versionsOf(root: string, raw: Record<string, unknown>): Versions {
  const { pulumi, plugins } = readPins();
  const installed = JSON.parse(readFileSync(join(root, "cli/setup/node/package.json"), "utf8")) as {
    optionalDependencies: Record<string, string>;
  };
  const go = settingsSchema.shape.go.safeParse(structuredValues(raw).go);
  return {
    node: Object.values(installed.optionalDependencies)[0] ?? "",
    pulumi,
    plugins,
    go: go.success ? go.data.versions : [],
    tools: go.success ? toolsOf(go.data) : {},
  };
}

function toolsOf(go: Parameters<typeof resolveAllTools>[0]): Versions["tools"] {
  try {
    return Object.fromEntries(
      resolveAllTools(go).map(({ go: version, pins }) => [
        version,
        Object.fromEntries(pins.map(({ binary, version: pinned }) => [binary, pinned])),
      ]),
    );
  } catch (error) {
    // Tools that do not go together are told by `up`, with what would.
    if (error instanceof PlanError) return {};
    throw error;
  }
}

/** One line for each version that is another one here. */
export function versionWarnings(
  theirs: Versions & { product: string },
  ours: Versions & { product: string },
): string[] {
  const flat = ({ product, node, pulumi, plugins, tools }: Versions & { product: string }): Map<string, string> =>
    new Map([
      ["go-workstation", product],
      ["Node", node],
      ["Pulumi", pulumi],
      ...Object.entries(plugins).map(([name, version]): [string, string] => [`plugin ${name}`, version]),
      ...Object.entries(tools).flatMap(([go, pins]) =>
        Object.entries(pins).map(([tool, version]): [string, string] => [`${tool} (Go ${go})`, version]),
      ),
    ]);
  const here = flat(ours);
  return [...flat(theirs)].flatMap(([name, version]) =>
    here.get(name) === version ? [] : [`${name}: ${version} in the export, ${here.get(name) ?? "none"} here`],
  );
}

export async function whoIsHere({ root, env }: Pick<Context, "root" | "env">): Promise<Personal> {
  return {
    root,
    home: homedir(),
    user: personOf(env),
    hostname: hostname(),
    name: await gitSetting("user.name", root, env),
    email: await gitSetting("user.email", root, env),
  };
}

/** Who works here is not root, also where root's rights are borrowed. */
function personOf(env: Context["env"]): string {
  const login = loginName(env);
  return [env.SUDO_USER, env.USER, login].find((name) => name && name !== "root") ?? login;
}

/** Every word that a setting can be: a person of that name is not meant by it. */
export function vocabulary(root: string): Set<string> {
  const words = new Set<string>();
  const walk = (value: unknown, key: string): void => {
    if (typeof value === "string" && (key === "const" || key === "enum" || key === "default")) words.add(value);
    else if (Array.isArray(value)) for (const item of value) walk(item, key);
    else if (typeof value === "object" && value !== null) {
      for (const [name, item] of Object.entries(value)) {
        if (key === "properties") words.add(name);
        walk(item, name);
      }
    }
  };
  walk(JSON.parse(readFileSync(join(root, "config/stack.schema.json"), "utf8")), "");
  return words;
}
