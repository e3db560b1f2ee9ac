/** `go test -race` in our own modules. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../context.ts";
import { run } from "../process.ts";
import { findProgram } from "../setup/packages.ts";
import { provide, type Suite, skipped, type Tally } from "./suite.ts";

/** Our own small modules; what they build from upstream has upstream's tests. */
const GO_MODULES = [
  "toolchain/command",
  "toolchain/langhost",
  "toolchain/privileged",
  "sidecars/ca",
  "sidecars/goproxy",
  "sidecars/sumdb",
];

export function goTests(context: Context): Suite {
  return {
    title: "Go modules (go test -race)",
    run: async (news) => {
      // Compiling a module under the race detector takes a minute: only for tests that are there.
      const modules = GO_MODULES.filter((module) => hasGoTests(join(context.root, module)));
      if (findProgram("go", context.env) === undefined) return skipped("there is no Go here");
      if (!(await provide(context, "gcc", ["gcc", "libc6-dev"], news))) {
        return skipped("the race detector needs gcc, which is not installed");
      }
      const sum: Tally = { passed: 0, failed: 0, skipped: 0 };
      let output = "";
      for (const module of modules) {
        news(module);
        const args = ["test", "-race", "-json", "./..."];
        const result = await run("go", args, { cwd: join(context.root, module), env: context.env });
        const tally = goTally(result.stdout);
        if (result.code !== 0 && tally.failed === 0) tally.failed = 1;
        for (const key of ["passed", "failed", "skipped"] as const) sum[key] += tally[key];
        if (tally.failed > 0) output += goOutput(result.stdout) + result.stderr;
      }
      return { tally: sum, output };
    },
  };
}

function hasGoTests(folder: string): boolean {
  if (!existsSync(join(folder, "go.mod"))) return false;
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).some((name) => name.endsWith("_test.go"));
}

interface GoEvent {
  Action: string;
  Test?: string;
  Output?: string;
}

function goEvents(text: string): GoEvent[] {
  return text
    .split("\n")
    .filter((row) => row.startsWith("{"))
    .map((row) => JSON.parse(row) as GoEvent);
}

export function goTally(text: string): Tally {
  const tests = goEvents(text).filter((event) => event.Test !== undefined);
  const count = (action: string): number => tests.filter((event) => event.Action === action).length;
  return { passed: count("pass"), failed: count("fail"), skipped: count("skip") };
}

function goOutput(text: string): string {
  return goEvents(text)
    .map((event) => event.Output ?? "")
    .join("");
}
