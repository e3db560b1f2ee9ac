import type { ImageRecipe } from "../../domain/recipe.ts";
import { canonicalJson, imageReference, recipeHash } from "../../domain/recipe-hash.ts";

const recipe: ImageRecipe = {
  base: { kind: "rootfs", distribution: "debian", suite: "bookworm", arch: "amd64", packages: ["git"] },
  layers: [{ kind: "goSdk", version: "1.22.6", default: true }],
  config: { user: "1000:1000", workdir: "/w", env: { B: "2", A: "1" }, entrypoint: [], cmd: [], labels: {} },
};

test("stands still: another value here means that every image is made anew", () => {
  expect(recipeHash(recipe, [])).toBe("f14a3fc97ae7a4dd57efaa0926f9d43e97cbed15b89febf41f47730c3c1e44a9");
});

test("does not depend on the order of keys, but on everything else", () => {
  const shuffled = { config: { ...recipe.config, env: { A: "1", B: "2" } }, layers: recipe.layers, base: recipe.base };
  expect(recipeHash(shuffled, [])).toBe(recipeHash(recipe, []));
  const others: ImageRecipe[] = [
    { ...recipe, layers: [] },
    { ...recipe, config: { ...recipe.config, user: "1001:1000" } },
    { ...recipe, base: { kind: "image", reference: `a@sha256:${"0".repeat(64)}` } },
  ];
  const hashes = new Set(others.map((other) => recipeHash(other, [])));
  expect(hashes.size).toBe(3);
  expect(hashes.has(recipeHash(recipe, []))).toBe(false);
});

test("a Dockerfile counts by what it sees, not by where it lies", () => {
  const at = (folder: string): ImageRecipe => ({
    ...recipe,
    layers: [{ kind: "dockerfile", dockerfile: `${folder}/Dockerfile`, context: folder }],
  });
  expect(recipeHash(at("/a"), ["1"])).toBe(recipeHash(at("/b"), ["1"]));
  expect(recipeHash(at("/a"), ["1"])).not.toBe(recipeHash(at("/a"), ["2"]));
});

test("canonical text", () => {
  expect(canonicalJson({ b: [1, { d: undefined, c: "x" }], a: null })).toBe('{"a":null,"b":[1,{"c":"x"}]}');
  expect(imageReference("r/dev", "0123456789abcdef")).toBe("r/dev:0123456789ab");
});
