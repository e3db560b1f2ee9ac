/** With what the stack was made: this checkout, and the programs around it. */
import type { Part } from "../../domain/evidence/schema.ts";
import { messageOf } from "../errors.ts";
import { run } from "../process.ts";
import { productOf } from "../product.ts";
import type { Session } from "../session.ts";
import { engineHome } from "../setup/state.ts";
import { inspectToolchain } from "../setup/toolchain.ts";

type Versions = Omit<Part<"versions">, "from">;

export async function readVersions({ context, docker }: Session): Promise<Versions> {
  const { root, cacheDir, env } = context;
  const [git, toolchain, daemon] = await Promise.all([
    readGit(root, env),
    inspectToolchain({ cacheDir, pulumiHome: engineHome(env), env }),
    docker.get<{ Version?: string }>("/version"),
  ]);
  return {
    product: productOf(root) ?? null,
    ...git,
    node: process.version.replace(/^v/, ""),
    engine: toolchain?.version ?? null,
    plugins: { ...toolchain?.plugins },
    docker: daemon?.Version ?? null,
  };
}

/** A checkout that came without git has no commit, which `verify` names. */
export async function readGit(root: string, env: NodeJS.ProcessEnv): Promise<Pick<Versions, "commit" | "dirty">> {
  const git = async (...args: string[]): Promise<string | undefined> => {
    const { code, stdout } = await run("git", ["-C", root, ...args], { env });
    return code === 0 ? stdout.trim() : undefined;
  };
  try {
    const top = await git("rev-parse", "--show-prefix");
    // In a folder of somebody else's repository the commit is theirs.
    if (top !== "") return { commit: null, dirty: null };
    const [commit, changes] = await Promise.all([git("rev-parse", "HEAD"), git("status", "--porcelain")]);
    return { commit: commit ?? null, dirty: changes === undefined ? null : changes !== "" };
  } catch (error) {
    if (/^git is not installed/.test(messageOf(error))) return { commit: null, dirty: null };
    throw error;
  }
}
