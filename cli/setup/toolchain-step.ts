/** Step 2 with its progress: the engine and the plugins. */
import type { Context } from "../context.ts";
import { interrupted } from "../interrupt.ts";
import { engineHome } from "./state.ts";
import { ensureToolchain, type Toolchain } from "./toolchain.ts";

export async function prepareToolchain(context: Context): Promise<Toolchain> {
  return await context.terminal.step(
    "Toolchain",
    async (news) =>
      await ensureToolchain({
        cacheDir: context.cacheDir,
        pulumiHome: engineHome(context.env),
        report: ({ step, detail, fraction }) =>
          news(
            [step, detail, fraction === undefined ? undefined : `${Math.round(fraction * 100)} %`]
              .filter(Boolean)
              .join(", "),
          ),
        signal: interrupted,
        env: context.env,
      }),
    (toolchain) => `Pulumi ${toolchain.version} and plugins (${toolchain.source}) ready`,
  );
}
