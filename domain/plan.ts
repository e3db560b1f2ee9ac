/** Settings and facts in, the whole stack as plain data out; or every reason why it cannot be, at once. */
import type { Settings } from "../config/schema.ts";
import { goProblem, type ResolvedTools, resolveAllTools } from "./compatibility.ts";
import { type ContainerPlan, planContainer, workspaceFolder } from "./containers.ts";
import { hasCredentials, planEnvironment, renderGitConfig, TRUST_BUNDLE } from "./environment.ts";
import type { Facts, FactsArgs, ProjectFacts } from "./facts.ts";
import { ownerSecrets, proxyDomain, proxyEnvironment, SECRETS } from "./go-proxy/addresses.ts";
import { type GoProxyPlan, goProxyProblems, planGoProxy } from "./go-proxy/plan.ts";
import { planImage } from "./images.ts";
import { type MachinePlan, planMachine } from "./machine/plan.ts";
import { meshHosts } from "./mesh/hosts.ts";
import { meshProblems, proxyIsMeshed } from "./mesh/links.ts";
import { type MeshPlan, planMesh } from "./mesh/plan.ts";
import {
  CACHES,
  type CacheKind,
  containerOwner,
  imageRepository,
  networkName,
  type Owner,
  ownerSuffix,
  volumeName,
} from "./names.ts";
import { PlanError } from "./problems.ts";
import { containerProxy, resolveProxy } from "./proxy/resolve.ts";
import type { ImageRecipe } from "./recipe.ts";
import { SIDECAR_GO } from "./sidecar.ts";

export interface OwnerPlan {
  owner: Owner;
  /** Empty for whoever runs `up`. */
  suffix: string;
  repository: string;
  recipe: ImageRecipe;
  volumes: Record<CacheKind, string>;
}

export interface Plan {
  stack: string;
  /** Who answers for it. */
  responsible: string;
  dockerHost: string;
  network: string;
  gitConfig: { path: string; content: string };
  /** All roots in one file, which containers read. */
  trust: { path: string; certificates: string[] };
  owners: OwnerPlan[];
  /** `owner` is the suffix of one of `owners`. */
  containers: (ContainerPlan & { owner: string; digest: string })[];
  tools: ResolvedTools[];
  machine: MachinePlan;
  /** Absent where it is off. */
  goProxy: GoProxyPlan | undefined;
  /** Absent where it is off. */
  mesh: MeshPlan | undefined;
  /** Project whose container is tried out; undefined when there is none to try. */
  smokeTest: string | undefined;
  warnings: string[];
}

/** Where we are, for paths in settings. */
export interface Place {
  /** Folder of Pulumi.yaml. */
  root: string;
  home: string;
}

type Named = Settings["projects"][number] & { name: string };

export function absolutePath(path: string, { root, home }: Place): string {
  const whole =
    path === "~" || path.startsWith("~/") ? `${home}${path.slice(1)}` : path.startsWith("/") ? path : `${root}/${path}`;
  const parts: string[] = [];
  for (const part of whole.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** What the machine has to be asked about these settings. Only the smoke test needs to know when files change. */
export function factsQuestion(settings: Settings, place: Place): FactsArgs {
  const tried = settings.smokeTest.enabled ? settings.smokeTest.project : undefined;
  return {
    ...(needsWindows(settings) ? { windows: true } : {}),
    ...rootFiles(settings, place),
    projects: settings.projects.map((project) => ({
      path: absolutePath(project.path, place),
      digest: project.name === tried,
    })),
  };
}

function rootFiles({ hostSync: { mode, roots } }: Settings, place: Place): Pick<FactsArgs, "rootFiles"> {
  if (mode === "off" || roots.files.length === 0) return {};
  return { rootFiles: roots.files.map((file) => absolutePath(file, place)) };
}

/** Windows takes a second to answer; where there is none it is not asked, whatever this says. */
function needsWindows({ hostSync, wsl }: Settings): boolean {
  return hostSync.mode !== "off" || wsl.mode !== "off";
}

export function planStack(stack: string, settings: Settings, facts: Facts, place: Place): Plan {
  const problems: string[] = [];
  const warnings: string[] = [];
  if (!facts.docker.reachable) {
    problems.push(
      `Docker cannot be reached at ${facts.docker.host}: ${facts.docker.error}. \`./workstation up\` starts it, \`./workstation doctor\` says more.`,
    );
  }
  let tools: ResolvedTools[] = [];
  try {
    tools = resolveAllTools(settings.go);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    problems.push(...error.problems);
  }
  for (const [name, value] of Object.entries(settings.go.env)) {
    if (hasCredentials(value))
      problems.push(
        `go.env.${name}: holds a user name or password, which everyone who can inspect a container could read. Take it out of the URL and put it into a netrc file.`,
      );
  }
  const found = settings.projects.map((project, index) => ({
    project: project as Named,
    facts: facts.projects[index] as ProjectFacts,
    goVersion: project.goVersion ?? (settings.go.versions[0] as string),
  }));
  for (const { project, facts: folder, goVersion } of found) {
    problems.push(...projectProblems(project, folder, goVersion));
    if (folder.uid === 0) warnings.push(rootOwned(project.name, folder.path));
  }
  problems.push(...sameFolder(found.map(({ project, facts: folder }) => [project.name, folder.path])));
  problems.push(...goProxyProblems(settings), ...meshProblems(settings));
  const machine = planMachine({
    stack,
    settings,
    facts,
    root: place.root,
    home: place.home,
    tools,
    absolute: (path) => absolutePath(path, place),
  });
  problems.push(...machine.problems);
  warnings.push(...machine.warnings);
  if (problems.length > 0) throw new PlanError(problems);

  const etc = `${place.root}/.workstation/${stack}/etc`;
  const dockerfile =
    settings.image.dockerfile === undefined ? undefined : absolutePath(settings.image.dockerfile, place);
  const owners = planOwners(
    found.map(({ facts: folder }) => containerOwner(folder)),
    facts,
  ).map(
    ({ owner, suffix }): OwnerPlan => ({
      owner,
      suffix,
      repository: imageRepository(stack),
      recipe: planImage({ settings, facts, roots: machine.roots.further, owner, tools, dockerfile }),
      volumes: mapCaches((kind) => volumeName(stack, kind, suffix)),
    }),
  );
  const proxied = settings.goProxy.mode !== "off";
  const direct = proxied ? [`.${proxyDomain(stack)}`] : [];
  const proxy = containerProxy(resolveProxy({ settings: settings.hostSync, facts }), stack, direct);
  const inherits = { goVersion: SIDECAR_GO, facts: { ...facts, proxy }, goEnv: settings.go.env, projectEnv: {} };
  const goProxy = proxied
    ? planGoProxy({
        stack,
        settings,
        facts,
        root: place.root,
        environment: planEnvironment(inherits),
        owners,
        meshed: proxyIsMeshed(settings),
      })
    : undefined;
  const mesh = settings.mesh.enabled ? planMesh({ stack, settings, facts, root: place.root }) : undefined;
  const containers = found.map(({ project, facts: folder, goVersion }) => {
    const owner = containerOwner(folder);
    const suffix = ownerSuffix(owner, facts.user);
    const environment = planEnvironment({
      goVersion,
      facts: { ...facts, proxy },
      goEnv: settings.go.env,
      projectEnv: project.env,
      ...(proxied ? { moduleProxy: (inherited) => proxyEnvironment(stack, settings, inherited) } : {}),
    });
    warnings.push(...environment.warnings);
    const plan = planContainer({
      stack,
      project,
      defaults: settings.container,
      goVersion,
      path: folder.path,
      owner,
      ownerSuffix: suffix,
      etc,
      env: environment.env,
      hosts: meshHosts(stack, settings, project.name),
      weakened: environment.weakened,
      ...(proxied ? { secrets: { source: ownerSecrets(place.root, stack, suffix), target: SECRETS } } : {}),
    });
    return { ...plan, owner: suffix, digest: folder.digest };
  });
  return {
    stack,
    responsible: settings.owner ?? facts.user.name,
    dockerHost: facts.docker.host,
    network: networkName(stack),
    gitConfig: {
      path: `${etc}/gitconfig`,
      content: renderGitConfig(
        facts.git,
        containers.map(({ path }) => workspaceFolder(path)),
      ),
    },
    trust: { path: `${etc}/${TRUST_BUNDLE}`, certificates: machine.roots.further },
    owners,
    containers,
    tools,
    machine,
    goProxy,
    mesh,
    smokeTest: settings.smokeTest.enabled ? settings.smokeTest.project : undefined,
    warnings: [...new Set(warnings)],
  };
}

const mapCaches = (name: (kind: CacheKind) => string): Record<CacheKind, string> =>
  Object.fromEntries((Object.keys(CACHES) as CacheKind[]).map((kind) => [kind, name(kind)])) as Record<
    CacheKind,
    string
  >;

/** Whoever runs `up` comes first and always has an image, so that adding the first project has nothing to build. */
function planOwners(owners: Owner[], facts: Facts): { owner: Owner; suffix: string }[] {
  const self = containerOwner(facts.user);
  const bySuffix = new Map([["", self]]);
  for (const owner of owners) bySuffix.set(ownerSuffix(owner, facts.user), owner);
  return [...bySuffix].map(([suffix, owner]) => ({ owner, suffix })).sort((a, b) => (a.suffix < b.suffix ? -1 : 1));
}

function projectProblems(project: Named, folder: ProjectFacts, goVersion: string): string[] {
  if (!folder.exists) {
    return [
      `projects[${project.name}].path: "${project.path}" is not a folder (looked at ${folder.path}). Make it, or \`./workstation project remove ${project.name}\`.`,
    ];
  }
  const go = goProblem(project.name, goVersion, folder);
  return go === undefined ? [] : [go];
}

/** VS Code finds a container by its folder: two for one folder would be a matter of luck. */
function sameFolder(projects: [name: string, path: string][]): string[] {
  const first = new Map<string, string>();
  const problems: string[] = [];
  for (const [name, path] of projects) {
    const other = first.get(path);
    if (other === undefined) first.set(path, name);
    else
      problems.push(
        `projects[${name}].path: ${path} is the folder of projects[${other}] already; a folder has one container.`,
      );
  }
  return problems;
}

const rootOwned = (name: string, path: string): string =>
  `projects[${name}]: ${path} belongs to root. Containers do not run as root, so this one runs as 1000:1000: it reads and builds, but cannot change files there (go mod tidy, gofmt -w, git commit) unless others may write. To give the folder to that user: chown -R 1000:1000 ${path}`;
