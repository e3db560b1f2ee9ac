/** `cargo test` in our own Rust programs. What is compiled for it stays in the cache: Tongsuo alone takes minutes. */
import { join } from "node:path";
import type { Context } from "../context.ts";
import { run } from "../process.ts";
import { provide, type Suite, skipped, type Tally } from "./suite.ts";

const PROGRAMS = ["sidecars/sm-tunnel"];
/** Debian keeps a Rust that is new enough under these names; its plain `cargo` is years old. */
const PACKAGES = ["cargo-web", "rustc-web", "gcc", "libc6-dev", "make", "perl", "pkg-config"];

export function cargoTests(context: Context, soak: boolean): Suite {
  return {
    title: "Rust programs (cargo test)",
    run: async (news) => {
      if (!(await provide(context, "cargo", PACKAGES, news))) return skipped("there is no cargo here");
      const sum: Tally = { passed: 0, failed: 0, skipped: 0 };
      let output = "";
      for (const program of PROGRAMS) {
        news(program);
        const result = await run("cargo", ["test", "--locked", ...(soak ? ["--", "--include-ignored"] : [])], {
          cwd: join(context.root, program),
          env: {
            ...context.env,
            CARGO_TARGET_DIR: join(context.cacheDir, "cargo", program),
            CARGO_TERM_COLOR: "never",
          },
          onLine: (text) => {
            if (/^ +(Compiling|Running) /.test(text)) news(text.trim());
          },
        });
        const tally = cargoTally(result.stdout, result.code);
        for (const key of ["passed", "failed"] as const) sum[key] += tally[key];
        if (tally.failed > 0) output += result.stdout + result.stderr;
      }
      return { tally: sum, output };
    },
  };
}

/** Ignored tests are the long ones, which `--soak` adds: they are not counted as skipped. */
export function cargoTally(text: string, code: number): Tally {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const [, passed, failed] of text.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed;/gm)) {
    sum.passed += Number(passed);
    sum.failed += Number(failed);
  }
  // It did not compile, or a program of tests broke off.
  if (code !== 0 && sum.failed === 0) sum.failed = 1;
  return sum;
}
