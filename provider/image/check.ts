/** What is wrong with a recipe, told before anything is made. */
import { X509Certificate } from "node:crypto";
import path from "node:path";
import type { ImageRecipe } from "../../domain/recipe.ts";
import type { CheckFailure } from "../handler.ts";

type Fail = (property: string, reason: string) => void;
type Bag = Record<string, unknown>;

export async function checkRecipe(value: unknown): Promise<CheckFailure[]> {
  const failures: CheckFailure[] = [];
  const fail: Fail = (property, reason) => failures.push({ property, reason });
  const recipe = value as Partial<ImageRecipe> | undefined;
  if (recipe === undefined || typeof recipe !== "object" || recipe === null) {
    fail("recipe", "is missing; must be { base, layers, config }");
    return failures;
  }
  checkBase((recipe.base ?? {}) as unknown as Bag, fail);
  if (!Array.isArray(recipe.layers)) fail("recipe.layers", "must be a list of layers");
  else {
    for (const [index, layer] of recipe.layers.entries()) {
      const at = `recipe.layers[${index}]`;
      await checkLayer((layer ?? {}) as unknown as Bag, at, recipe.layers as unknown as Bag[], fail);
      if (
        index > 0 &&
        (layer as Bag).kind !== "dockerfile" &&
        (recipe.layers[index - 1] as unknown as Bag).kind === "dockerfile"
      ) {
        fail(at, "comes after a dockerfile layer; only further dockerfile layers may");
      }
    }
  }
  checkConfig((recipe.config ?? {}) as unknown as Bag, fail);
  return failures;
}

function checkBase(base: Bag, fail: Fail): void {
  if (base.kind === "image") {
    const reference = String(base.reference);
    if (!/^([^\s@]+@)?sha256:[0-9a-f]{64}$/.test(reference)) {
      fail(
        "recipe.base.reference",
        `is ${JSON.stringify(base.reference) ?? "missing"}; must be NAME@sha256:<64 hexadecimal digits>, or an id sha256:…`,
      );
    }
    return;
  }
  if (base.kind !== "rootfs") {
    fail("recipe.base.kind", `is ${JSON.stringify(base.kind) ?? "missing"}; allowed: rootfs, image`);
    return;
  }
  oneOf("recipe.base.distribution", base.distribution, ["debian"], fail);
  oneOf("recipe.base.arch", base.arch, ["amd64", "arm64"], fail);
  matches("recipe.base.suite", base.suite, /^[a-z]+$/, "a Debian suite such as bookworm", fail);
  const packages = Array.isArray(base.packages) ? base.packages : [undefined];
  packages.forEach((name, index) => {
    matches(`recipe.base.packages[${index}]`, name, /^[a-z0-9][a-z0-9+.-]+$/, "a Debian package name", fail);
  });
}

async function checkLayer(layer: Bag, at: string, all: Bag[], fail: Fail): Promise<void> {
  const goVersion = /^1\.\d+\.\d+$/;
  switch (layer.kind) {
    case "goSdk":
      matches(`${at}.version`, layer.version, goVersion, "a full Go release such as 1.22.6", fail);
      return;
    case "goTools":
      matches(`${at}.go`, layer.go, goVersion, "a full Go release such as 1.22.6", fail);
      if (!all.some((other) => other?.kind === "goSdk" && other.version === layer.go)) {
        fail(`${at}.go`, `is ${JSON.stringify(layer.go)}, but the recipe has no goSdk layer of that version`);
      }
      for (const [index, tool] of ((layer.tools ?? []) as Bag[]).entries()) {
        matches(`${at}.tools[${index}].package`, tool.package, /^[\w.-]+(\/[\w.-]+)+$/, "a Go package path", fail);
        matches(
          `${at}.tools[${index}].version`,
          tool.version,
          /^v\d+\.\d+\.\d+[\w.+-]*$/,
          "a full version such as v0.16.2",
          fail,
        );
        matches(`${at}.tools[${index}].binary`, tool.binary, /^[\w-]+$/, "a program's name", fail);
      }
      return;
    case "goPrograms":
      matches(`${at}.go`, layer.go, goVersion, "a full Go release such as 1.22.6", fail);
      for (const [index, program] of ((layer.programs ?? []) as Bag[]).entries()) {
        const here = `${at}.programs[${index}]`;
        matches(`${here}.module`, program.module, /^\/[^\0]+$/, "an absolute path", fail);
        matches(`${here}.package`, program.package, /^(\.\/)?[\w.-]+(\/[\w.-]+)*$/, "a Go package", fail);
        matches(`${here}.binary`, program.binary, /^[\w-]+$/, "a program's name", fail);
      }
      return;
    case "rustProgram": {
      const program = (layer.program ?? {}) as Bag;
      checkBase((layer.builder ?? {}) as Bag, (property, reason) =>
        fail(property.replace("recipe.base", `${at}.builder`), reason),
      );
      matches(`${at}.program.module`, program.module, /^\/[^\0]+$/, "an absolute path", fail);
      matches(`${at}.program.binary`, program.binary, /^[\w-]+$/, "a program's name", fail);
      return;
    }
    case "trustRoots":
      for (const [index, pem] of ((layer.certificates ?? []) as unknown[]).entries()) {
        if (!isCertificate(pem)) fail(`${at}.certificates[${index}]`, "is not a certificate in PEM form");
      }
      return;
    case "user":
      matches(`${at}.name`, layer.name, /^[a-z_][a-z0-9_-]{0,31}$/, "a Unix user name", fail);
      for (const name of ["uid", "gid"]) {
        const number = layer[name];
        if (typeof number !== "number" || !Number.isInteger(number) || number < 1 || number > 2_000_000_000) {
          fail(
            `${at}.${name}`,
            `is ${JSON.stringify(number) ?? "missing"}; must be a whole number from 1 on (never root)`,
          );
        }
      }
      for (const [index, folder] of ((layer.directories ?? []) as unknown[]).entries()) {
        if (typeof folder !== "string" || !path.isAbsolute(folder))
          fail(`${at}.directories[${index}]`, "must be an absolute path");
      }
      return;
    case "dockerfile": {
      const { dockerfileProblem } = await import("./build.ts");
      const problem = await dockerfileProblem(String(layer.dockerfile));
      if (problem !== undefined) fail(`${at}.dockerfile`, problem);
      else if (path.relative(String(layer.context), String(layer.dockerfile)).startsWith("..")) {
        fail(`${at}.dockerfile`, `${String(layer.dockerfile)} is outside its build context ${String(layer.context)}`);
      }
      return;
    }
    default:
      fail(
        `${at}.kind`,
        `is ${JSON.stringify(layer.kind) ?? "missing"}; allowed: trustRoots, goSdk, goTools, goPrograms, rustProgram, user, dockerfile`,
      );
  }
}

function checkConfig(config: Bag, fail: Fail): void {
  for (const name of ["user", "workdir"]) {
    if (typeof config[name] !== "string" || /[\r\n]/.test(config[name]))
      fail(`recipe.config.${name}`, "must be one line of text");
  }
  for (const name of ["entrypoint", "cmd"]) {
    if (!Array.isArray(config[name])) fail(`recipe.config.${name}`, "must be a list of words");
  }
  for (const name of ["env", "labels"]) {
    for (const [key, text] of Object.entries((config[name] ?? {}) as Bag)) {
      if (typeof text !== "string" || /[\r\n]/.test(text))
        fail(`recipe.config.${name}.${key}`, "must be one line of text");
    }
  }
}

function oneOf(property: string, value: unknown, allowed: string[], fail: Fail): void {
  if (!allowed.includes(String(value)))
    fail(property, `is ${JSON.stringify(value) ?? "missing"}; allowed: ${allowed.join(", ")}`);
}

function matches(property: string, value: unknown, pattern: RegExp, what: string, fail: Fail): void {
  if (typeof value !== "string" || !pattern.test(value)) {
    fail(property, `is ${JSON.stringify(value) ?? "missing"}; must be ${what}`);
  }
}

function isCertificate(pem: unknown): boolean {
  try {
    return typeof pem === "string" && new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
