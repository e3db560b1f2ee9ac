import { goProblem, newest, resolveAllTools, resolveTools, type ToolSettings } from "../../domain/compatibility.ts";
import { TOOLS, type ToolKey } from "../../domain/compatibility-table.ts";
import { PlanError } from "../../domain/problems.ts";
import { compareVersions } from "../../domain/versions.ts";

const AUTO: ToolSettings = { gopls: "auto", dlv: "auto", goimports: "auto", golangciLint: "auto", govulncheck: "auto" };

const problems = (run: () => unknown): readonly string[] => {
  try {
    run();
  } catch (error) {
    if (error instanceof PlanError) return error.problems;
    throw error;
  }
  return [];
};

test.each([
  ["1.21.13", "v0.16.2", "v1.25.0", "v0.24.1", "v1.59.1", "v1.1.3"],
  ["1.22.0", "v0.16.2", "v1.25.2", "v0.30.0", "v1.59.1", "v1.1.4"],
  ["1.22.6", "v0.16.2", "v1.25.2", "v0.30.0", "v1.63.4", "v1.1.4"],
  ["1.23.0", "v0.16.2", "v1.25.2", "v0.36.0", "v2.3.1", "v1.1.4"],
  ["1.23.12", "v0.18.1", "v1.25.2", "v0.36.0", "v2.3.1", "v1.1.4"],
  ["1.24.9", "v0.20.0", "v1.26.3", "v0.42.0", "v2.8.0", "v1.1.4"],
  ["1.25.5", "v0.21.1", "v1.27.2", "v0.49.0", "v2.12.2", "v1.6.0"],
  ["1.26.8", "v0.23.0", "v1.27.2", "v0.52.0", "v2.13.0", "v1.6.0"],
])("the newest tools for Go %s", (go, gopls, dlv, goimports, golangciLint, govulncheck) => {
  const versions = Object.fromEntries(resolveTools(go, AUTO).map(({ binary, version }) => [binary, version]));
  expect(versions).toEqual({ gopls, dlv, goimports, "golangci-lint": golangciLint, govulncheck });
});

test("packages follow the major version, and `off` leaves a tool out", () => {
  expect(resolveTools("1.22.6", { ...AUTO, govulncheck: "off" }).map(({ package: path }) => path)).toEqual([
    "golang.org/x/tools/gopls",
    "github.com/go-delve/delve/cmd/dlv",
    "golang.org/x/tools/cmd/goimports",
    "github.com/golangci/golangci-lint/cmd/golangci-lint",
  ]);
  expect(resolveTools("1.26.8", AUTO)[3]?.package).toBe("github.com/golangci/golangci-lint/v2/cmd/golangci-lint");
});

test("a tool that needs a newer Go is refused with the versions that can", () => {
  expect(problems(() => resolveTools("1.22.6", { ...AUTO, gopls: "v0.23.0" }))).toEqual([
    'go.tools.gopls: v0.23.0 cannot be used with Go 1.22.6: works with Go 1.22: up to v0.16.2 (v0.15.0 to v0.16.2); v0.23.0 needs Go >= 1.26.0. To mend it, write "auto" or "v0.16.2", or change go.versions.',
  ]);
});

test("a tool that is too old for a Go is refused as well", () => {
  expect(problems(() => resolveTools("1.26.8", { ...AUTO, dlv: "v1.25.2" }))[0]).toContain(
    "v1.25.2 works for Go up to 1.25",
  );
  expect(problems(() => resolveTools("1.22.6", { ...AUTO, gopls: "v0.1.0" }))[0]).toContain(
    "v0.1.0 is older than what this project supports (from v0.15.0)",
  );
});

test("versions between the table's and beyond it are judged by their neighbours", () => {
  const with_ = (gopls: `v${string}`) => resolveTools("1.26.8", { ...AUTO, gopls })[0]?.version;
  expect(with_("v0.22.5")).toBe("v0.22.5");
  expect(with_("v0.24.0")).toBe("v0.24.0");
  expect(problems(() => resolveTools("1.25.5", { ...AUTO, gopls: "v0.24.0" }))).toHaveLength(1);
  expect(problems(() => resolveTools("1.26.8", { ...AUTO, gopls: "v7.0.0" }))[0]).toContain("v7.0.0 does not exist");
});

test("a Go that no version is known to work with is said", () => {
  expect(problems(() => resolveTools("1.99.0", AUTO))[0]).toContain(
    "go.tools.dlv: no version is known to work with Go 1.99.0",
  );
});

test("every SDK gets its own tools, and all that is wrong is told", () => {
  const both = resolveAllTools({ versions: ["1.22.6", "1.26.8"], tools: AUTO });
  expect(both.map(({ go, pins }) => [go, pins[0]?.version])).toEqual([
    ["1.22.6", "v0.16.2"],
    ["1.26.8", "v0.23.0"],
  ]);
  const wrong = { ...AUTO, gopls: "v0.23.0" as const, dlv: "v1.20.0" as const };
  expect(problems(() => resolveAllTools({ versions: ["1.22.6", "1.26.8"], tools: wrong }))).toHaveLength(3);
});

test.each([
  ["1.22", undefined],
  ["1.22.6", undefined],
  ["", undefined],
  ["1.22.7", 'add "1.22.7" or newer'],
  ["1.23", 'add "1.23.0" or newer'],
])("go.mod with go %j under Go 1.22.6", (goVersion, expected) => {
  const problem = goProblem("shop", "1.22.6", { path: "/src/shop", goVersion });
  if (expected === undefined) expect(problem).toBeUndefined();
  else expect(problem).toContain(expected);
});

test.each(Object.keys(TOOLS) as ToolKey[])("the rows of %s are in order and do not overlap", (tool) => {
  const { rows, packages } = TOOLS[tool];
  for (const [index, row] of rows.entries()) {
    expect(compareVersions(row.from, row.to)).toBeLessThanOrEqual(0);
    expect(packages[Number(/^v(\d+)/.exec(row.to)?.[1])]).toBeDefined();
    const next = rows[index + 1];
    if (next !== undefined) expect(compareVersions(row.to, next.from)).toBeLessThan(0);
  }
  expect(newest(tool, "1.22.6")).toBeDefined();
});
