/** Versions, drift and the declared resources. */
import { type Check, check } from "../check.ts";
import type { Part } from "../schema.ts";

const DIGEST = /^[0-9a-f]{64}$/;

export function judgeVersions({ dirty, plugins, from: _from, ...named }: Part<"versions">): Check[] {
  const missing = Object.entries(named).flatMap(([name, value]) =>
    value === null || value === "" ? [`the version of ${name} is missing`] : [],
  );
  const pluginless = Object.keys(plugins).length === 0 ? ["the versions of plugins are missing"] : [];
  const unnamed = Object.entries(plugins).flatMap(([name, version]) =>
    version === "" ? [`the version of plugin ${name} is missing`] : [],
  );
  const changed = dirty === true ? ["the checkout had changes that are in no commit"] : [];
  return [check("versions", "versions", "all versions are named", [...missing, ...pluginless, ...unnamed], changed)];
}

export function judgeDrift({ checked, drifted }: Part<"drift">): Check[] {
  const found = drifted.map(({ name, type, kind, fields }) =>
    [`${name} (${type}) is ${kind}`, fields.join(", ")].filter((text) => text !== "").join(": "),
  );
  const none = checked > 0 ? [] : ["nothing was compared"];
  return [check("drift", "drift", "the machine was as declared", [...found, ...none])];
}

export function judgeResources({ list }: Part<"resources">): Check[] {
  const wrong = list.flatMap(({ name, sha256 }) => (DIGEST.test(sha256) ? [] : [`${name}: its sum is no SHA-256`]));
  const none = list.length > 0 ? [] : ["no resource is named"];
  return [check("resources", "resources", "each resource has the sum of what was declared", [...wrong, ...none])];
}
