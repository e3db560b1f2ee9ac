/** Runs `workstation-goproxy warm` in the proxy's container and follows what it tells. */
import { containerName } from "../../domain/names.ts";
import type { DockerApi } from "../docker.ts";
import { CliError, InterruptedError, messageOf } from "../errors.ts";
import { interrupted } from "../interrupt.ts";
import { run } from "../process.ts";

export interface WarmFailure {
  /** `module@version`, or empty when the whole run failed. */
  what: string;
  why: string;
}

export interface WarmResult {
  done: number;
  total: number;
  failures: WarmFailure[];
}

/** What warms: a container in earnest, a stand-in in tests. */
export type Warm = (goSum: string, onLine: (line: string) => void) => Promise<{ code: number; said: string }>;

/** First its process id, by which it can be stopped: `docker exec` hands no signal on. */
const SCRIPT = 'echo "pid $$"; exec workstation-goproxy warm';

export function warmInContainer(stack: string, docker: DockerApi, env: NodeJS.ProcessEnv): Warm {
  const container = containerName(stack, "goproxy");
  return async (goSum, onLine) => {
    const found = await docker.get<{ State: { Running: boolean } }>(`/containers/${container}/json`);
    if (found === undefined) return { code: 1, said: `the container ${container} is not there` };
    if (!found.State.Running) return { code: 1, said: `the container ${container} does not run` };
    let pid = "";
    const stop = (): void => {
      if (pid !== "") void kill(docker, container, pid);
    };
    interrupted.addEventListener("abort", stop, { once: true });
    try {
      const result = await run("docker", ["exec", "--interactive", container, "/bin/sh", "-c", SCRIPT], {
        env,
        input: goSum,
        onLine: (line) => {
          const own = /^pid (\d+)$/.exec(line)?.[1];
          if (own === undefined) onLine(line);
          else pid = own;
        },
      });
      // Interrupted, `docker exec` ends with 0 as if all had been done.
      if (interrupted.aborted) throw new InterruptedError();
      return { code: result.code, said: result.stderr.trim() };
    } finally {
      interrupted.removeEventListener("abort", stop);
    }
  };
}

async function kill(docker: DockerApi, container: string, pid: string): Promise<void> {
  try {
    const body = { Cmd: ["/bin/sh", "-c", `kill -TERM ${pid}`], AttachStdout: false, AttachStderr: false };
    const { Id } = JSON.parse(await docker.post(`/containers/${container}/exec`, body)) as { Id: string };
    await docker.post(`/exec/${Id}/start`, { Detach: true });
  } catch {
    // The run ends as interrupted anyway; what goes on in the container only fetches what is wanted next time.
  }
}

/** Follows a run to its end. Lines that are none of the interface's are for people and count only when it failed. */
export async function follow(warm: Warm, goSum: string, news: (text: string) => void): Promise<WarmResult> {
  const result: WarmResult = { done: 0, total: 0, failures: [] };
  const other: string[] = [];
  const { code, said } = await warm(goSum, (line) => {
    const told = parseLine(line);
    if (told === undefined) {
      if (line.trim() !== "") other.push(line.trim());
    } else if ("what" in told) {
      result.failures.push(told);
    } else {
      result.done = told.done;
      result.total = told.total;
      const failed = told.failed > 0 ? `, ${told.failed} failed` : "";
      news(`${told.done} of ${told.total} go.sum lines${failed}`);
    }
  });
  if (code === 0 && result.done < result.total) {
    result.failures.push({ what: "", why: `it ended after ${result.done} of ${result.total} go.sum lines` });
  }
  if (code !== 0 && result.failures.length === 0) {
    const why = (said || other.slice(-3).join("; ") || `it ended with code ${code}`).split("\n").slice(-3).join("; ");
    result.failures.push({ what: "", why });
  }
  return result;
}

function parseLine(line: string): { done: number; total: number; failed: number } | WarmFailure | undefined {
  let told: Record<string, unknown>;
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null) return undefined;
    told = value as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { done, total, failed, module, version, error } = told;
  if (typeof done === "number" && typeof total === "number") {
    return { done, total, failed: typeof failed === "number" ? failed : 0 };
  }
  if (typeof module !== "string") return undefined;
  const what = typeof version === "string" && version !== "" ? `${module}@${version}` : module;
  return { what, why: typeof error === "string" ? (error.split("\n")[0] ?? "") : "no reason was given" };
}

/** For a step that is never a reason for `up` to fail; an interrupt is. */
export function reasonOf(error: unknown): string {
  if (interrupted.aborted) throw error;
  return error instanceof CliError ? error.message : messageOf(error);
}
