import { type Container, type Declared, defineRule, defineStackRule, type Rule } from "../rule.ts";

const CONTAINER = "docker:index/container:Container";
const FILE = "workstation:index:ManagedFile";
const PROFILES = ["rfc8998", "tlcp"];

/** What a tunnel reads, as far as it is judged. */
interface TunnelFile {
  role?: unknown;
  profile?: unknown;
  listen?: unknown;
  connect?: unknown;
  admin?: unknown;
  peerNames?: unknown;
  concurrency?: unknown;
  requireLoopback?: unknown;
  limits?: { connections?: unknown; handshakeTimeoutMs?: unknown };
}

/** Arguments of a file. The content is looked at only where it has to be: that of others can be sealed. */
interface FileArgs {
  path?: string;
  content?: string;
}

const isTunnelFile = ({ path = "" }: FileArgs): boolean => /\/mesh\/tunnels\/[^/]+\/config\.json$/.test(path);
const isLoopback = (address: unknown): boolean => /^127(\.\d{1,3}){3}:\d+$/.test(String(address));
const isMeshName = (name: unknown): boolean => /^[a-z0-9-]+\.mesh\.gows-[a-z0-9-]+\.internal$/.test(String(name));
const shown = (value: unknown): string => JSON.stringify(value) ?? "not set";

function parsed({ content = "" }: FileArgs): TunnelFile | undefined {
  try {
    return Object(JSON.parse(content)) as TunnelFile;
  } catch {
    // Said by whoever asked.
    return undefined;
  }
}

function judgePlainSide({ role, listen, connect, requireLoopback }: TunnelFile, say: (text: string) => void): void {
  const loopback = (name: string, address: unknown): void => {
    if (!isLoopback(address)) say(`${name} is ${shown(address)}, and that side is plain`);
  };
  switch (role) {
    case "client":
      loopback("listen", listen);
      return;
    case "server":
      loopback("connect", connect);
      if (requireLoopback !== true) say("requireLoopback is not true");
      return;
    default:
      say(`role is ${shown(role)}`);
  }
}

export function linkSuites(profiles: string[] = PROFILES): Rule {
  return defineRule({
    id: "link-suites",
    title: "Links between services use SM4 and SM2, with certificates on both sides and named peers",
    why: "A link with another suite is not what an assessment was told; one that takes any name of the authority lets every service pose as every other, and a plain side that others reach makes the rest pointless.",
    fix: "Declare links in mesh.links and leave the tunnels' configuration to the stack; mesh.profile is rfc8998 or tlcp. Which of them a team takes is the option `profiles`.",
    reference: "GB/T 39786-2021, security of communication; RFC 8998",
    level: "mandatory",
    options: { profiles },
    schema: {
      profiles: {
        type: "array",
        items: { type: "string" },
        minItems: 1,
        description: "Profiles that were decided on.",
      },
    },
    checks: {
      "workstation:index:ManagedFile"(args, report, options) {
        if (!isTunnelFile(args)) return;
        const say = (text: string): void => report(text, "content");
        const file = parsed(args);
        if (file === undefined) {
          say("content is not a tunnel's configuration in JSON");
          return;
        }
        if (!options.profiles.includes(String(file.profile))) say(`profile is ${shown(file.profile)}`);
        const names = Array.isArray(file.peerNames) ? file.peerNames : [];
        if (names.length === 0) say("peerNames is empty");
        for (const name of names) if (!isMeshName(name)) say(`peerNames has ${shown(name)}`);
        if (!isLoopback(file.admin)) say(`admin is ${shown(file.admin)}`);
        judgePlainSide(file, say);
      },
    },
  });
}

export function linkQuotas(maxConcurrency = 16, maxConnections = 4096): Rule {
  return defineRule({
    id: "link-quotas",
    title: "Tunnels have quotas",
    why: "A tunnel is beside every service: one that takes all threads or connections stops the service that it protects, and a handshake without an end lets anybody keep them.",
    fix: "Leave mesh.concurrency and mesh.connections within the options, and the tunnels' configuration to the stack.",
    reference: "GB/T 22239-2019, 8.1.4 (control of resources)",
    level: "mandatory",
    options: { maxConcurrency, maxConnections },
    schema: {
      maxConcurrency: { type: "integer", minimum: 1, description: "Most threads of a tunnel." },
      maxConnections: { type: "integer", minimum: 1, description: "Most connections of a tunnel at the same time." },
    },
    checks: {
      "workstation:index:ManagedFile"(args, report, options) {
        // What cannot be read is said by the rule about suites.
        const file = isTunnelFile(args) ? parsed(args) : undefined;
        if (file === undefined) return;
        const { concurrency, limits = {} } = file;
        const bounded = (name: string, value: unknown, most: number): void => {
          if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most) return;
          report(`${name} is ${shown(value)}; 1 to ${most} are allowed`, "content");
        };
        bounded("concurrency", concurrency, options.maxConcurrency);
        bounded("limits.connections", limits.connections, options.maxConnections);
        bounded("limits.handshakeTimeoutMs", limits.handshakeTimeoutMs, 60_000);
      },
    },
  });
}

export function linkCertificates(): Rule {
  return defineRule({
    id: "link-certificates",
    title: "Certificates of links are SM2, for names of the mesh only",
    why: "With other keys the two sides cannot speak SM4 with each other, and names outside of the mesh would let its certificates be used elsewhere.",
    fix: "Leave the authority in .workstation/STACK/mesh/ca to the stack; its leaves are `SERVICE.mesh.gows-STACK.internal`, of `algorithm` sm2.",
    reference: "GB/T 32918.1-2016; GB/T 38636-2020 (certificates)",
    level: "mandatory",
    options: {},
    schema: {},
    checks: {
      "workstation:index:CertificateAuthority"({ folder = "", algorithm, leaves = [] }, report) {
        if (!folder.endsWith("/mesh/ca")) return;
        if (algorithm !== "sm2") report(`algorithm is ${shown(algorithm)}`, "algorithm");
        for (const [index, { name, dns, ips }] of leaves.entries()) {
          for (const one of dns) if (!isMeshName(one)) report(`${name} is for ${one}`, `leaves[${index}].dns`);
          for (const one of ips) report(`${name} is for ${one}`, `leaves[${index}].ips`);
        }
      },
    },
  });
}

/** Port of the service that a tunnel leads to; its file is found by the folder that it mounts. */
function servedPort(tunnel: Declared, all: readonly Declared[]): number | undefined {
  const folders = ((tunnel.args as Container).mounts ?? []).map(({ source }) => source);
  for (const { type, args } of all) {
    const file: FileArgs = args;
    if (type !== FILE || !folders.some((folder) => file.path === `${folder}/config.json`)) continue;
    const { role, connect } = parsed(file) ?? {};
    if (role === "server") return Number(String(connect).split(":").at(-1));
  }
  return undefined;
}

export function linkPorts(): Rule {
  return defineStackRule({
    id: "link-ports",
    title: "What a link protects is not published as well",
    why: "A port that Docker publishes is reached around the tunnel, without certificate and suite.",
    fix: "Take the port out of `ports` of the service's container: projects[].ports.",
    reference: "GB/T 39786-2021, security of communication",
    level: "mandatory",
    options: {},
    schema: {},
    type: CONTAINER,
    reads: [FILE],
    check(container, all, report) {
      const beside = all.filter(({ uses }) => uses.networkMode?.includes(container.urn));
      const served = beside.map((tunnel) => servedPort(tunnel, all));
      if (served.length === 0) return;
      for (const [index, { internal }] of ((container.args as Container).ports ?? []).entries()) {
        if (!served.includes(internal)) continue;
        report(`port ${internal} is published, and a tunnel is in front of it`, `ports[${index}]`);
      }
    },
  });
}
