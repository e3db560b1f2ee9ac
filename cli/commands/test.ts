/** `test`: everything that can be proved here, one after the other, with one sum at the end. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Context } from "../context.ts";
import { exitCodes, messageOf } from "../errors.ts";
import { interrupted } from "../interrupt.ts";
import { run } from "../process.ts";
import { findProgram, installPackages } from "../setup/packages.ts";
import { engineHome } from "../setup/state.ts";
import { prepareToolchain } from "../setup/toolchain-step.ts";
import { cargoTests } from "../testing/cargo.ts";
import { goTests } from "../testing/go.ts";
import { one, provide, type Suite, skipped, type Tally } from "../testing/suite.ts";

export interface TestOptions {
  /** The long ones too. */
  soak?: boolean;
}

export async function test(context: Context, { soak = false }: TestOptions = {}): Promise<number> {
  const sum: Tally = { passed: 0, failed: 0, skipped: 0 };
  const quiet: Context = { ...context, globals: { ...context.globals, yes: true } };
  for (const suite of suites(quiet, await provisions(quiet), soak)) {
    const { tally, output } = await context.terminal.step(
      suite.title,
      async (news) => {
        try {
          return await suite.run(news);
        } catch (error) {
          if (interrupted.aborted) throw error;
          return { tally: { passed: 0, failed: 1, skipped: 0 }, output: messageOf(error) };
        }
      },
      (result) => line(result.tally),
    );
    if (tally.failed > 0) context.print(output.trimEnd());
    for (const key of ["passed", "failed", "skipped"] as const) sum[key] += tally[key];
  }
  if (context.globals.json) context.print(JSON.stringify(sum));
  else context.print(line(sum));
  return sum.failed > 0 ? exitCodes.error : exitCodes.success;
}

export function line({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * What tests of the real thing need and `up` would install: the engine with its plugins, and the daemon's programs. The
 * daemon itself is not started here: the tests do that where none answers. Returns the environment with the engine.
 */
async function provisions(context: Context): Promise<NodeJS.ProcessEnv> {
  const toolchain = await prepareToolchain(context);
  const wanted = { dockerd: "docker.io", mmdebstrap: "mmdebstrap", "ssh-agent": "openssh-client" };
  const missing = Object.entries(wanted).filter(([program]) => findProgram(program, context.env) === undefined);
  if (missing.length > 0) {
    const packages = missing.map(([, name]) => name);
    await context.terminal.step("Programs for the tests", async (news) => {
      await installPackages(context, "Programs for the tests", packages, ["docker-cli"], news);
    });
  }
  const folders = [toolchain.binDir, context.env.PATH ?? ""];
  return { ...context.env, PATH: folders.join(delimiter), PULUMI_HOME: engineHome(context.env) };
}

function suites(context: Context, withEngine: NodeJS.ProcessEnv, soak: boolean): Suite[] {
  const bin = (name: string): string => join(context.root, "node_modules", ".bin", name);
  const single = (title: string, command: string, args: string[]): Suite => ({
    title,
    run: async () => {
      const result = await run(command, args, { cwd: context.root });
      const ok = result.code === 0;
      return { tally: { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 }, output: result.stdout + result.stderr };
    },
  });
  return [
    single("Types (tsc)", bin("tsc"), ["--noEmit"]),
    single("Lint and format (biome)", bin("biome"), ["check", "--error-on-warnings", "."]),
    shellcheck(context),
    jest(context, "unit", withEngine),
    goTests(context),
    cargoTests(context, soak),
    // As a person would have it: the product finds its engine itself.
    jest(context, "integration", context.env),
  ];
}

function shellcheck(context: Context): Suite {
  return {
    title: "Shell scripts (shellcheck)",
    run: async (news) => {
      if (!(await provide(context, "shellcheck", ["shellcheck"], news))) return skipped("shellcheck is not installed");
      const listed = await run("git", ["grep", "-lE", "^#!/bin/(ba)?sh"], { cwd: context.root });
      const result = await run("shellcheck", ["workstation", ...listed.stdout.trim().split("\n")], {
        cwd: context.root,
      });
      return one(result.code === 0, result.stdout + result.stderr);
    },
  };
}

interface JestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numRuntimeErrorTestSuites: number;
}

function jest(context: Context, project: "unit" | "integration", env: NodeJS.ProcessEnv): Suite {
  return {
    title: `Tests (${project})`,
    run: async (news) => {
      const report = join(tmpdir(), `workstation-jest-${process.pid}-${project}.json`);
      const result = await run(
        process.execPath,
        [
          join(context.root, "node_modules", "jest", "bin", "jest.js"),
          ...["--selectProjects", project, "--json", `--outputFile=${report}`],
          // Each has a stack of its own, and waits for containers for half of its time.
          ...(project === "integration" ? ["--maxWorkers=2"] : []),
        ],
        {
          cwd: context.root,
          env: { ...env, FORCE_COLOR: "0" },
          onLine: (text) => {
            if (/^(PASS|FAIL)/.test(text)) news(text);
          },
        },
      );
      if (!existsSync(report)) return one(false, result.stderr);
      const found = JSON.parse(readFileSync(report, "utf8")) as JestReport;
      rmSync(report, { force: true });
      return { tally: tallyOf(found, result.code), output: result.stderr };
    },
  };
}

/** A test file that does not even load has no tests in it, but is a failure. */
export function tallyOf(found: JestReport, code: number): Tally {
  const failed = found.numFailedTests + found.numRuntimeErrorTestSuites;
  return {
    passed: found.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: found.numPendingTests + found.numTodoTests,
  };
}
