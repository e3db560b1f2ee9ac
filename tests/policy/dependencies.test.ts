import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(__dirname, "../..");
const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");

/** First cell of each row of docs/dependencies.md, with the row. */
const rows = new Map(
  [...read("docs/dependencies.md").matchAll(/^\| `([^`]+)` \|.*$/gm)].map(([row, name = ""]) => [name, row]),
);

const goMods = (): string[] => [
  ...globSync("{toolchain,sidecars,tests/labs,bench/go-proxy}/*/go.mod", { cwd: ROOT }),
  "examples/hello/go.mod",
];

/** What a go.mod asks for itself: `require` lines without `// indirect`, tools, and what it replaces other modules by. */
function directModules(file: string): string[] {
  const lines = read(file).split("\n");
  // `go mod tidy` calls the module of a tool indirect.
  const tools = lines.map((line) => /^tool (\S+)/.exec(line)?.[1]).filter((tool) => tool !== undefined);
  const ofTools = lines
    .map((line) => /^\t(\S+) v/.exec(line)?.[1])
    .filter((module) => module !== undefined)
    .filter((module) => tools.some((tool) => tool.startsWith(`${module}/`)));
  const required = lines
    .filter((line) => !line.includes("// indirect") && !line.includes("=>"))
    .map((line) => /^(?:require\s+|\t)([^\s()]+\.[^\s()]+\/[^\s()]+) v/.exec(line)?.[1])
    .filter((module) => module !== undefined);
  const replaced = lines
    .map((line) => /^(?:replace\s+|\t)(\S+)(?: v\S+)? => ([a-z]+\.[a-z]+\/)/.exec(line)?.[1])
    .filter((module) => module !== undefined);
  // `…/shim` modules are ours: they only open an internal package of the module above them.
  return [...required, ...ofTools, ...replaced].map((module) => module.replace(/\/shim$/, ""));
}

test("every npm dependency is explained, with the licence that it declares", () => {
  const manifest = JSON.parse(read("package.json")) as Record<"dependencies" | "devDependencies", object>;
  for (const name of [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)]) {
    const { license } = JSON.parse(read(`node_modules/${name}/package.json`)) as { license: string };
    expect(rows.get(name) ?? `${name} is missing`).toMatch(new RegExp(`\\| ${license.replace(/[()]/g, "")} \\|$`));
  }
});

test("every Go module that a go.mod asks for itself is explained", () => {
  const files = goMods();
  expect(files.length).toBeGreaterThan(3);
  const missing = files.flatMap(directModules).filter((module) => !rows.has(module));
  expect([...new Set(missing)].filter((module) => !module.startsWith("workstation/"))).toEqual([]);
});

/** Names of crates, also of those that are used under another one. */
function crates(file: string): string[] {
  const text = read(file);
  const named = [...text.matchAll(/^([a-z][\w-]*) = (?:"=|\{[^}]*version = "=)/gm)].map(([line, name = ""]) => {
    const own = new RegExp(`^${name} = \\{[^}]*package = "([^"]+)"`, "m").exec(text)?.[1];
    return line.startsWith("version") ? "" : (own ?? name);
  });
  return named.filter((name) => name !== "");
}

const cargoTomls = (): string[] => globSync("sidecars/*/Cargo.toml", { cwd: ROOT });

test("every crate that a Cargo.toml asks for is explained", () => {
  const asked = cargoTomls().flatMap(crates);
  expect(asked.length).toBeGreaterThan(5);
  expect(asked.filter((name) => !rows.has(name))).toEqual([]);
});

test("nothing is explained that is not there", () => {
  const lock = read("package.json");
  const modules = goMods().map(read).join("\n");
  const bench = read("bench/lib/tofu.ts");
  const rust = new Set(cargoTomls().flatMap(crates));
  const gone = [...rows.keys()].filter(
    (name) => !rust.has(name) && !lock.includes(`"${name}"`) && !modules.includes(name) && !bench.includes(`"${name}"`),
  );
  expect(gone).toEqual([]);
});
