/** The checks: each says what it found, what is wanted and what to do about it. */
import { smokeCommand } from "../../domain/smoke.ts";
import { type CheckDefinition, check } from "./check.ts";
import { deepGoChecks, goChecks } from "./go.ts";
import { goSumCheck } from "./gosum.ts";
import { syncChecks } from "./sync.ts";
import { timerCheck } from "./timer.ts";
import { deepTrustChecks, trustChecks } from "./trust.ts";
import { wslChecks } from "./wsl.ts";

export type { Check, CheckDefinition, Finding } from "./check.ts";

const UP = "./workstation up";
const GIB = 2 ** 30;

const node = check("node", "Node 22.18 or newer", "put a newer Node on PATH", ({ nodeVersion }) => {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  return [major > 22 || (major === 22 && minor >= 18) ? "pass" : "fail", nodeVersion];
});

const toolchain = check("toolchain", "the Pulumi engine with its language host", UP, ({ toolchain: found }) =>
  found === undefined
    ? ["fail", "not installed"]
    : ["pass", `Pulumi ${found.version} (${found.source}): ${found.pulumi}`],
);

const plugins = check("plugins", "the engine's plugins in their pinned versions", UP, ({ toolchain: found }) =>
  found === undefined ? ["fail", "not installed"] : ["pass", describePlugins(found.plugins)],
);

function describePlugins(found: unknown): string {
  return typeof found === "object" && found !== null
    ? Object.entries(found)
        .map(([name, version]) => (typeof version === "string" ? `${name} ${version}` : JSON.stringify(version)))
        .join(", ")
    : String(found);
}

const docker = check("docker", "a Docker daemon that answers", UP, async ({ dockerInfo }) => {
  const info = await dockerInfo();
  return ["pass", `Docker Engine ${info.ServerVersion}`];
});

const platform = check(
  "docker-platform",
  "linux/x86_64 or linux/aarch64",
  "choose a Linux daemon: docker context use NAME",
  async ({ dockerInfo }) => {
    const { OSType, Architecture } = await dockerInfo();
    const found = `${OSType}/${Architecture}`;
    return [/^linux\/(x86_64|amd64|aarch64|arm64)$/.test(found) ? "pass" : "fail", found];
  },
);

const limits = check(
  "docker-limits",
  "limits on memory, CPU and processes",
  "enable the cgroup controllers memory, cpu and pids in the kernel's settings",
  async ({ dockerInfo }) => {
    const info = await dockerInfo();
    const lacks = [
      ...(info.MemoryLimit === false ? ["memory"] : []),
      ...(info.CpuCfsQuota === false ? ["cpu"] : []),
      ...(info.PidsLimit === false ? ["pids"] : []),
    ];
    const version = `cgroup v${info.CgroupVersion ?? "?"}`;
    return lacks.length === 0 ? ["pass", version] : ["fail", `${version}, no limits on ${lacks.join(", ")}`];
  },
);

const engine = check(
  "engine-check",
  "a container of the stack runs `go version`",
  "./workstation start, or up",
  async ({ containers, inContainer }) => {
    const [first] = (await containers()).filter(({ state }) => state === "running");
    if (first === undefined) return ["skip", "no container of the stack runs"];
    const { code, output } = await inContainer(first.name, "go version");
    return [code === 0 && output.startsWith("go version") ? "pass" : "fail", output];
  },
);

const state = check("state", "state folder readable by you alone (0700)", UP, ({ mode, stateDir, backend }) => {
  const bits = mode(stateDir);
  if (bits === undefined) return ["warn", `${stateDir} is not there yet`];
  const text = `0${bits.toString(8)} ${stateDir}, backend ${backend}`;
  return [(bits & 0o077) === 0 ? "pass" : "fail", text, `chmod 700 ${stateDir}`];
});

const passphrase = check("passphrase", "passphrase file readable by you alone (0600)", UP, ({ mode, stateDir }) => {
  const file = `${stateDir}/passphrase`;
  const bits = mode(file);
  if (bits === undefined) return ["skip", "none: the backend has another, or there is no stack yet"];
  return [(bits & 0o077) === 0 ? "pass" : "fail", `0${bits.toString(8)}`, `chmod 600 ${file}`];
});

const settings = check(
  "settings",
  "a stack file without mistakes",
  "correct the file",
  ({ stack, settings: found }) => {
    if (stack === undefined || found === undefined) return ["warn", "no stack in this checkout yet", UP];
    return typeof found === "string" ? ["fail", found] : ["pass", `Pulumi.${stack}.yaml`];
  },
);

const imageSource = check("image-source", "registry or bootstrap", UP, ({ settings: found }) =>
  found === undefined || typeof found === "string" ? ["skip", "no settings"] : ["pass", found.image.source],
);

const disk = check(
  "disk",
  "5 GiB free for images and caches",
  "free some space, or `./workstation uninstall` in checkouts you do not need",
  async ({ dockerInfo, free, stateDir }) => {
    const place = await dockerInfo().then(
      (info) => info.DockerRootDir,
      () => stateDir,
    );
    const bytes = free(place) ?? free("/");
    if (bytes === undefined) return ["skip", "cannot be told"];
    const found = `${(bytes / GIB).toFixed(1)} GiB free`;
    return [bytes >= 5 * GIB ? "pass" : bytes >= GIB ? "warn" : "fail", found];
  },
);

const roots = check("trust-roots", "readable root certificates", "update-ca-certificates", async ({ facts }) => {
  const { trustRoots } = await facts();
  const own = trustRoots.length;
  return [
    "pass",
    own === 0 ? "the distribution's own" : `the distribution's and ${own} of this machine, passed on to containers`,
  ];
});

const projects = check(
  "projects",
  "project folders that exist, not owned by root",
  "correct the path, or `./workstation project remove NAME`",
  async ({ facts, settings: found }) => {
    if (found === undefined || typeof found === "string") return ["skip", "no settings"];
    const { projects: folders } = await facts();
    const lost = folders.filter((folder) => !folder.exists).map((folder) => folder.path);
    if (lost.length > 0) return ["fail", `not there: ${lost.join(", ")}`];
    const rooted = folders.filter((folder) => folder.uid === 0).map((folder) => folder.path);
    if (rooted.length > 0) {
      const fix = `chown -R 1000:1000 ${rooted.join(" ")}`;
      return ["warn", `owned by root, so containers cannot write there: ${rooted.join(", ")}`, fix];
    }
    return ["pass", `${folders.length} there`];
  },
);

const ports = check(
  "ports",
  "ports that nobody else has taken",
  "choose another host port in the stack file, or stop what has it",
  async ({ settings: found, busyPorts }) => {
    if (found === undefined || typeof found === "string") return ["skip", "no settings"];
    const busy = (await busyPorts(found)).map(({ owner, port }) => `127.0.0.1:${port} (${owner})`);
    if (busy.length > 0) return ["fail", `taken: ${busy.join(", ")}`];
    const wanted = found.projects.flatMap((project) => project.ports).length;
    return ["pass", wanted === 0 ? "none wanted" : `${wanted} wanted, none taken by others`];
  },
);

const goproxy = check(
  "go",
  "Go's proxy settings, which containers inherit",
  "go env -w GOPROXY=...",
  async ({ facts }) => {
    const { go } = await facts();
    if (go.path === "") return ["pass", "no Go on this machine; containers use Go's defaults"];
    return ["pass", `go ${go.version}, GOPROXY=${withoutSecrets(go.env.GOPROXY ?? "")}`];
  },
);

function withoutSecrets(text: string): string {
  return text.replace(/(:\/\/)[^/@\s,|]*@/g, "$1***@");
}

const deep = check("smoke-test", "the example builds and passes its tests in its container", UP, async (patient) => {
  const { settings: found, containers, inContainer } = patient;
  if (found === undefined || typeof found === "string") return ["skip", "no settings"];
  const wanted = (await containers()).find(({ project }) => project === found.smokeTest.project);
  if (wanted === undefined || wanted.state !== "running") return ["fail", "its container does not run"];
  const { code, output } = await inContainer(wanted.name, scriptOf(smokeCommand(wanted.name)));
  return [code === 0 ? "pass" : "fail", output.split("\n").join("; ")];
});

/** The script inside the command line that `up` runs on this machine. */
function scriptOf(command: string): string {
  const script = /\/bin\/sh -c '([\s\S]*)'$/.exec(command)?.[1] ?? command;
  return script.replaceAll("'\\''", "'");
}

const usual = [
  ...[node, toolchain, plugins, docker, platform, limits, engine, state, passphrase],
  ...[settings, imageSource, disk, roots, projects, ports, goproxy],
  ...[...wslChecks, ...trustChecks, ...syncChecks(), timerCheck, ...goChecks, goSumCheck],
];

export function checksFor(alsoDeep: boolean): CheckDefinition[] {
  return alsoDeep ? [...usual, deep, ...deepTrustChecks, ...deepGoChecks] : usual;
}
