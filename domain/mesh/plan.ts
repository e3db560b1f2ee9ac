/** The mesh as plain data: image, authority, containers and their configuration. No secret is in it. */
import type { Settings } from "../../config/schema.ts";
import { toCpus, toMiB } from "../../config/units.ts";
import type { AuthorityPlan } from "../certificates.ts";
import type { Facts } from "../facts.ts";
import { stackFolder } from "../go-proxy/addresses.ts";
import { planBase } from "../images.ts";
import { containerName, containerOwner, LABEL_CONFIG, type Owner, ownLabels, prefix, stackSlug } from "../names.ts";
import type { ImageRecipe, RootfsBase } from "../recipe.ts";
import { contentHash } from "../recipe-hash.ts";
import { AUTHORITY, HEALTH, planCa, SIDECAR_GO, type SidecarPlan, sidecarProgram } from "../sidecar.ts";
import { linksOf, type Tunnel, tunnelsOf } from "./links.ts";

const TLS = "/run/workstation/tls";
const CONFIG = "/run/workstation/mesh";

/** What `sm-tunnel` reads. */
export interface TunnelConfig {
  role: "client" | "server";
  profile: string;
  listen: string;
  connect: string;
  tls: string;
  peerNames: string[];
  admin: string;
  concurrency: number;
  requireLoopback: boolean;
  exitWithoutNetwork: boolean;
  limits: {
    connections: number;
    pendingHandshakes: number;
    handshakeTimeoutMs: number;
    idleTimeoutMs: number;
    drainMs: number;
  };
}

export interface TunnelPlan {
  tunnel: Tunnel;
  sidecar: SidecarPlan;
  configFile: { path: string; content: string };
}

export interface MeshPlan {
  image: { repository: string; recipe: ImageRecipe };
  authority: AuthorityPlan;
  ca: SidecarPlan;
  tunnels: TunnelPlan[];
}

export interface MeshQuestion {
  stack: string;
  settings: Pick<Settings, "mesh" | "goProxy" | "image" | "projects">;
  facts: Pick<Facts, "system" | "user">;
  root: string;
}

export const meshName = (stack: string, service: string): string => `${service}.mesh.${prefix(stack)}.internal`;
/** Of `sidecars/ca` for the mesh; apart from the module proxy's, because keys and signatures are others. */
export const meshFolder = (root: string, stack: string): string => `${stackFolder(root, stack)}/mesh`;

export function planMesh(question: MeshQuestion): MeshPlan {
  const { stack, settings, facts, root } = question;
  const self = containerOwner(facts.user);
  const owner = `${self.uid}:${self.gid}`;
  const tunnels = tunnelsOf(linksOf(settings));
  return {
    image: planMeshImage(question, self),
    authority: {
      stack: stackSlug(stack),
      algorithm: "sm2",
      folder: `${meshFolder(root, stack)}/ca`,
      owner,
      leaves: [...new Set(tunnels.map(({ service }) => service))].sort().map((service) => ({
        name: service,
        dns: [meshName(stack, service)],
        ips: [],
        lifetime: settings.mesh.certificateLifetime,
        usage: "both",
        pair: tunnels.some((tunnel) => tunnel.service === service && tunnel.profile === "tlcp"),
      })),
      rootLifetime: "87600h",
      intermediateLifetime: "8760h",
      program: sidecarProgram(root, "ca"),
      go: SIDECAR_GO,
    },
    ca: planCa({ stack, role: "mesh-ca", folder: `${meshFolder(root, stack)}/ca`, owner }),
    tunnels: tunnels.map((tunnel) => planTunnel(question, tunnel, owner)),
  };
}

/** The tunnel needs Rust 1.88; this is what Debian keeps for its own browsers. */
const builder = (arch: RootfsBase["arch"], suite: string): RootfsBase => ({
  kind: "rootfs",
  distribution: "debian",
  suite,
  arch,
  packages: ["cargo-web", "gcc", "libc6-dev", "make", "perl", "pkg-config", "rustc-web"],
});

function planMeshImage({ stack, settings, facts, root }: MeshQuestion, { uid, gid }: Owner): MeshPlan["image"] {
  const { arch } = facts.system;
  return {
    repository: `go-workstation/${stackSlug(stack)}/mesh`,
    recipe: {
      base: planBase(settings.image, arch),
      layers: [
        { kind: "goPrograms", go: SIDECAR_GO, programs: [sidecarProgram(root, "ca")] },
        {
          kind: "rustProgram",
          builder: builder(arch, settings.image.suite),
          program: { module: `${root}/sidecars/sm-tunnel`, binary: "sm-tunnel" },
        },
        { kind: "user", name: "sidecar", uid, gid, directories: [AUTHORITY] },
      ],
      config: {
        user: `${uid}:${gid}`,
        workdir: "/",
        env: { LANG: "C.UTF-8", PATH: "/usr/local/bin:/usr/bin:/bin" },
        entrypoint: [],
        cmd: ["/usr/local/bin/sm-tunnel", "version"],
        labels: {},
      },
    },
  };
}

function planTunnel({ stack, settings, root }: MeshQuestion, tunnel: Tunnel, owner: string): TunnelPlan {
  const { mesh } = settings;
  const folder = meshFolder(root, stack);
  const content = `${JSON.stringify(tunnelConfig(stack, mesh, tunnel), null, 2)}\n`;
  const program = "/usr/local/bin/sm-tunnel";
  return {
    tunnel,
    configFile: { path: `${folder}/tunnels/${tunnel.name}/config.json`, content },
    sidecar: {
      name: containerName(stack, tunnel.name),
      role: tunnel.name,
      user: owner,
      command: [program, "serve", "--config", `${CONFIG}/config.json`],
      envs: [],
      // Another configuration is another container: the program reads it once.
      labels: { ...ownLabels(stack, `${tunnel.name}-container`), [LABEL_CONFIG]: contentHash(content) },
      mounts: [
        { type: "bind", source: `${folder}/tunnels/${tunnel.name}`, target: CONFIG, readOnly: true },
        { type: "bind", source: `${folder}/ca/out/${tunnel.service}`, target: TLS, readOnly: true },
      ],
      metrics: `127.0.0.1:${tunnel.admin}/metrics`,
      tmpfs: {},
      ports: [],
      network: { of: tunnel.service },
      memory: toMiB(mesh.memory),
      cpus: toCpus(mesh.cpus),
      pids: mesh.pids,
      healthcheck: { ...HEALTH, tests: ["CMD", program, "health", "--admin", `127.0.0.1:${tunnel.admin}`] },
    },
  };
}

function tunnelConfig(stack: string, mesh: Settings["mesh"], tunnel: Tunnel): TunnelConfig {
  const { role, service, connect } = tunnel;
  const host = role === "server" ? "127.0.0.1" : containerName(stack, connect.service);
  return {
    role,
    profile: tunnel.profile,
    listen: tunnel.listen,
    connect: `${host}:${connect.port}`,
    tls: TLS,
    peerNames: tunnel.peers.map((peer) => meshName(stack, peer)),
    admin: `127.0.0.1:${tunnel.admin}`,
    concurrency: mesh.concurrency,
    // The service itself must not be reachable around its tunnel.
    requireLoopback: role === "server" && service === connect.service,
    exitWithoutNetwork: true,
    limits: {
      connections: mesh.connections,
      pendingHandshakes: Math.min(mesh.connections, 128),
      handshakeTimeoutMs: 5_000,
      idleTimeoutMs: 900_000,
      drainMs: 10_000,
    },
  };
}
