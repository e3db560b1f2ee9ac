/** The `facts` invoke: what is true of this machine, all parts looked at side by side; a part that is missing is empty. */
import type { Facts, FactsArgs } from "../domain/facts.ts";
import { clockFacts } from "./facts/clock.ts";
import { machineFacts } from "./facts/machine.ts";
import { gitFacts, goFacts } from "./facts/programs.ts";
import { projectFacts } from "./facts/projects.ts";
import { distributionRoots, rootFile, runningFacts } from "./facts/roots.ts";
import { dockerFacts, proxyFacts, proxyIsOurs, systemFacts } from "./facts/system.ts";
import { trustRoots } from "./facts/trust.ts";
import { noWindows, windowsFacts } from "./facts/windows.ts";
import { wslFacts } from "./facts/wsl.ts";
import type { Host } from "./host.ts";

export async function facts(host: Host, args: Record<string, unknown>): Promise<Facts> {
  const { projects, windows: askWindows, clock: askClock, rootFiles } = parseArgs(args);
  const [system, docker, go, git, roots, machine, wsl, windows, clock, files, running, found] = await Promise.all([
    systemFacts(host),
    dockerFacts(host),
    goFacts(host),
    gitFacts(host),
    trustRoots(host),
    machineFacts(host),
    wslFacts(host),
    askWindows ? windowsFacts(host) : noWindows(),
    askClock ? clockFacts(host) : undefined,
    Promise.all(rootFiles.map((file) => rootFile(host, file))),
    runningFacts(host),
    Promise.all(projects.map((project) => projectFacts(host, project.path, project.digest))),
  ]);
  const ours = proxyIsOurs(host.env);
  return {
    system,
    user: host.user,
    docker,
    go,
    proxy: proxyFacts(host.env),
    ...(ours === undefined ? {} : { proxyIsOurs: ours }),
    trustRoots: roots,
    git,
    projects: found,
    machine,
    // Policies stand in the registry, so Windows tells them.
    wsl: windows.policy === undefined ? wsl : { ...wsl, policy: windows.policy },
    windows,
    ...(clock === undefined ? {} : { clock }),
    rootFiles: files,
    // Some hundred files to read: only where there is something to compare with them.
    distributionRoots: windows.roots.length + files.length === 0 ? [] : await distributionRoots(host),
    running,
  };
}

function parseArgs(args: Record<string, unknown>): Required<FactsArgs> {
  const { projects, windows = false, clock = false, rootFiles = [], ...rest } = args;
  const extra = Object.keys(rest)[0];
  if (extra !== undefined)
    throw new Error(`facts has no argument "${extra}"; it has projects, windows, clock, rootFiles`);
  for (const [name, value] of Object.entries({ windows, clock })) {
    if (typeof value !== "boolean") throw new Error(`facts.${name} is ${JSON.stringify(value)}; must be true or false`);
  }
  if (!Array.isArray(rootFiles) || rootFiles.some((file) => typeof file !== "string" || !file.startsWith("/"))) {
    throw new Error(`facts.rootFiles is ${JSON.stringify(rootFiles)}; must be a list of absolute paths`);
  }
  if (!Array.isArray(projects)) throw new Error("facts.projects must be a list of { path, digest }");
  return {
    windows: windows === true,
    clock: clock === true,
    rootFiles: rootFiles as string[],
    projects: projects.map((project: unknown, index) => {
      const { path, digest } = (project ?? {}) as { path?: unknown; digest?: unknown };
      if (typeof path !== "string" || !path.startsWith("/")) {
        throw new Error(
          `facts.projects[${index}].path is ${JSON.stringify(path) ?? "missing"}; must be an absolute path`,
        );
      }
      return { path, digest: digest === true };
    }),
  };
}
