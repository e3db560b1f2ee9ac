/** `cargo test` in our own Rust programs. What is compiled for it stays in the cache: Tongsuo alone takes minutes. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../context.ts";
import { type RunResult, run } from "../process.ts";
import { provide, type Suite, skipped, type Tally } from "./suite.ts";

const TUNNEL = "sidecars/sm-tunnel";
/** Debian keeps a Rust that is new enough under these names; its plain `cargo` is years old. */
const RUST = ["cargo-web", "rustc-web", "gcc", "libc6-dev", "make", "perl", "pkg-config"];

export function cargoTests(context: Context, soak: boolean): Suite {
  return {
    title: "Rust programs (cargo test)",
    run: async (news) => {
      if (!(await provide(context, "cargo", RUST, news))) return skipped("there is no cargo here");
      const cargo = (args: string[], more: NodeJS.ProcessEnv = {}): Promise<RunResult> =>
        run("cargo", ["test", "--locked", ...args], {
          cwd: join(context.root, TUNNEL),
          env: {
            ...context.env,
            CARGO_TARGET_DIR: join(context.cacheDir, "cargo", TUNNEL),
            CARGO_TERM_COLOR: "never",
            ...more,
          },
          onLine: (text) => {
            if (/^ +(Compiling|Running) /.test(text)) news(text.trim());
          },
        });
      const own = await cargo(soak ? ["--", "--include-ignored"] : []);
      const results = [counted(own), await independent(context, cargo, news)];
      const sum: Tally = { passed: 0, failed: 0, skipped: 0 };
      for (const { tally } of results)
        for (const key of ["passed", "failed", "skipped"] as const) sum[key] += tally[key];
      return { tally: sum, output: results.map(({ output }) => output).join("") };
    },
  };
}

type Outcome = Awaited<ReturnType<Suite["run"]>>;

/** BouncyCastle as the other side, which shares no code with ours. */
async function independent(
  context: Context,
  cargo: (args: string[], more: NodeJS.ProcessEnv) => Promise<RunResult>,
  news: (text: string) => void,
): Promise<Outcome> {
  for (const [program, pack] of [
    ["javac", "default-jdk-headless"],
    ["mvn", "maven"],
  ] as const) {
    if (!(await provide(context, program, [pack], news))) return skipped(`there is no ${program} here`);
  }
  const folder = join(context.cacheDir, "labs", "bouncycastle");
  mkdirSync(folder, { recursive: true });
  news("BouncyCastle");
  const prepared = await run(join(context.root, "tests/labs/bouncycastle/prepare"), [folder], { env: context.env });
  if (prepared.code !== 0) return counted(prepared);
  return counted(await cargo(["--test", "independent"], { SM_TUNNEL_BOUNCYCASTLE: prepared.stdout.trim() }));
}

function counted({ code, stdout, stderr }: RunResult): Outcome {
  const tally = cargoTally(stdout, code);
  return { tally, output: tally.failed > 0 ? `${stdout}${stderr}\n` : "" };
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
