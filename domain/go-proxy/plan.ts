/** The module proxy as plain data: image, authority, containers and files. No secret is in it. */
import { clearCredentials } from "../../config/credentials.ts";
import type { Settings } from "../../config/schema.ts";
import { toCpus, toMiB } from "../../config/units.ts";
import type { AuthorityPlan } from "../certificates.ts";
import { type Environment, GIT_CONFIG, TRUST_BUNDLE, TRUST_VARIABLES, withoutCredentials } from "../environment.ts";
import type { Facts } from "../facts.ts";
import { planFileProxies } from "../file-proxy.ts";
import { planBase } from "../images.ts";
import {
  containerName,
  containerOwner,
  LABEL_INHERITED,
  LABEL_UPSTREAM,
  networkName,
  type Owner,
  ownLabels,
  prefix,
  sdkFolder,
  stackSlug,
} from "../names.ts";
import type { GoProgram, ImageRecipe } from "../recipe.ts";
import { AUTHORITY, HEALTH, planCa, SIDECAR_GO, type SidecarPlan, sidecarProgram } from "../sidecar.ts";
import {
  hostAddress,
  hostFiles,
  ownerSecrets,
  PROXY_PORT,
  proxyAddress,
  proxyHost,
  secretsFolder,
  stackFolder,
} from "./addresses.ts";
import { type GateConfig, privateHosts } from "./gate-config.ts";

/** What the password is for; the name itself is no secret. */
export const PROXY_USER = "go";
const STORAGE = "/var/lib/goproxy";
const ETC = GIT_CONFIG.slice(0, GIT_CONFIG.lastIndexOf("/"));

export interface GoProxyPlan {
  /** For containers, and for this machine. */
  url: string;
  hostUrl: string;
  image: { repository: string; recipe: ImageRecipe };
  authority: AuthorityPlan;
  ca: SidecarPlan;
  proxy: SidecarPlan;
  volume: string;
  /** Without its secrets. */
  config: GateConfig;
  /** Where the proxy reads it, on this machine, and who may. */
  configFile: { path: string; owner: string };
  /** Of the developer's containers: one file an owner. `host` is what the password is for. */
  netrc: { suffix: string; path: string; owner: string; host: string }[];
  /** For this machine's own shells; absent where nobody asked for it. */
  host: { netrc: { path: string; host: string }; roots: string } | undefined;
}

export interface GoProxyQuestion {
  stack: string;
  settings: Pick<Settings, "goProxy" | "credentials" | "image" | "go">;
  facts: Pick<Facts, "system" | "user">;
  root: string;
  /** Go's and the proxies' variables as containers have them: what the proxy asks upstream with. */
  environment: Pick<Environment, "env" | "weakened">;
  owners: readonly { owner: Owner; suffix: string }[];
  /** Reached through the mesh and in no other way. */
  meshed: boolean;
}

export function goProxyProblems(settings: Pick<Settings, "goProxy" | "credentials">): string[] {
  return clearCredentials(settings.credentials).map(
    (host) =>
      `credentials["${host}"]: stands in the file in the clear. Take it out, change it where it is used, and \`./workstation credential set ${host}\`.`,
  );
}

export function planGoProxy(question: GoProxyQuestion): GoProxyPlan {
  const { stack, settings, facts, root, owners } = question;
  const self = containerOwner(facts.user);
  const owner = `${self.uid}:${self.gid}`;
  const { netrc, roots } = hostFiles(root, stack);
  // Modules that were brought along in a folder of this machine.
  const upstream = planFileProxies(question.environment.env);
  return {
    url: `https://${proxyAddress(stack)}`,
    hostUrl: `https://${hostAddress(settings)}`,
    image: planImage(question, self),
    authority: planAuthority(question, owner),
    ca: planCa({ stack, role: "ca", folder: `${stackFolder(root, stack)}/ca`, owner }),
    proxy: planProxy(question, owner, upstream.mounts),
    volume: `${prefix(stack)}-goproxy`,
    config: planConfig({ ...question, environment: { ...question.environment, env: upstream.env } }),
    configFile: { path: `${secretsFolder(root, stack)}/goproxy/config.json`, owner },
    netrc: owners.map(({ owner: { uid, gid }, suffix }) => ({
      suffix,
      path: `${ownerSecrets(root, stack, suffix)}/netrc`,
      owner: `${uid}:${gid}`,
      host: proxyAddress(stack),
    })),
    host: settings.goProxy.host ? { netrc: { path: netrc, host: hostAddress(settings) }, roots } : undefined,
  };
}

function planImage({ stack, settings, facts, root }: GoProxyQuestion, { uid, gid }: Owner): GoProxyPlan["image"] {
  return {
    repository: `go-workstation/${stackSlug(stack)}/sidecars`,
    recipe: {
      base: planBase(settings.image, facts.system.arch),
      layers: [
        { kind: "goSdk", version: SIDECAR_GO, default: settings.go.versions[0] === SIDECAR_GO },
        {
          kind: "goPrograms",
          go: SIDECAR_GO,
          programs: [
            athensProgram(root),
            sidecarProgram(root, "ca"),
            sidecarProgram(root, "sumdb"),
            sidecarProgram(root, "goproxy"),
          ],
        },
        { kind: "user", name: "sidecar", uid, gid, directories: [STORAGE, AUTHORITY] },
      ],
      config: {
        user: `${uid}:${gid}`,
        workdir: "/",
        env: {
          HOME: `${STORAGE}/tmp`,
          LANG: "C.UTF-8",
          PATH: `${sdkFolder(SIDECAR_GO)}/bin:/usr/local/bin:/usr/bin:/bin`,
        },
        entrypoint: [],
        cmd: ["/usr/local/bin/workstation-goproxy", "serve", "--config", CONFIG],
        labels: {},
      },
    },
  };
}

export const athensProgram = (root: string): GoProgram => ({
  module: `${root}/sidecars/athens`,
  package: "github.com/gomods/athens/cmd/proxy",
  binary: "athens-proxy",
});

function planAuthority({ stack, root }: GoProxyQuestion, owner: string): AuthorityPlan {
  return {
    stack: stackSlug(stack),
    algorithm: "p256",
    folder: `${stackFolder(root, stack)}/ca`,
    owner,
    leaves: [
      {
        name: "goproxy",
        dns: [proxyHost(stack), "localhost"],
        ips: ["127.0.0.1", "::1"],
        lifetime: "24h",
        usage: "server",
      },
    ],
    rootLifetime: "87600h",
    intermediateLifetime: "8760h",
    program: sidecarProgram(root, "ca"),
    go: SIDECAR_GO,
  };
}

const CONFIG = "/run/workstation/goproxy/config.json";

/** In the container. */
const ADMIN = "127.0.0.1:8081";

/** The settings stand in a secret file: what is asked has to be seen by who judges the stack. */
function upstreamLabels({ env, weakened }: GoProxyQuestion["environment"]): Record<string, string> {
  const inherited = weakened.filter((name) => name === "GOPROXY");
  return {
    [LABEL_UPSTREAM]: withoutCredentials(env.GOPROXY ?? ""),
    ...(inherited.length > 0 ? { [LABEL_INHERITED]: inherited.join(",") } : {}),
  };
}

function planProxy(
  { stack, settings, root, environment, meshed }: GoProxyQuestion,
  owner: string,
  upstream: SidecarPlan["mounts"],
): SidecarPlan {
  const { goProxy } = settings;
  const folder = stackFolder(root, stack);
  const [uid, gid] = owner.split(":");
  const roots = `${ETC}/${TRUST_BUNDLE}`;
  return {
    name: containerName(stack, "goproxy"),
    role: "goproxy",
    user: owner,
    command: ["/usr/local/bin/workstation-goproxy", "serve", "--config", CONFIG],
    envs: TRUST_VARIABLES.map((name) => `${name}=${roots}`).sort(),
    labels: { ...ownLabels(stack, "goproxy-container"), ...upstreamLabels(environment) },
    metrics: `${ADMIN}/metrics`,
    mounts: [
      { type: "volume", source: `${prefix(stack)}-goproxy`, target: STORAGE, readOnly: false },
      {
        type: "bind",
        source: `${secretsFolder(root, stack)}/goproxy`,
        target: "/run/workstation/goproxy",
        readOnly: true,
      },
      { type: "bind", source: `${folder}/ca/out/goproxy`, target: "/run/workstation/tls", readOnly: true },
      { type: "bind", source: `${folder}/etc`, target: ETC, readOnly: true },
      ...upstream,
    ],
    tmpfs: {
      "/run/workstation/private": `rw,nosuid,nodev,noexec,size=1m,mode=0700,uid=${uid},gid=${gid}`,
      "/tmp": `rw,nosuid,nodev,size=64m,mode=0700,uid=${uid},gid=${gid}`,
    },
    ports: meshed ? [] : [{ internal: PROXY_PORT, external: goProxy.port, ip: "127.0.0.1", protocol: "tcp" }],
    network: { name: networkName(stack), alias: proxyHost(stack) },
    memory: toMiB(goProxy.memory),
    cpus: goProxy.cpus === undefined ? undefined : toCpus(goProxy.cpus),
    pids: goProxy.pids,
    healthcheck: { ...HEALTH, tests: ["CMD", "/usr/local/bin/workstation-goproxy", "health"] },
  };
}

const UPSTREAM =
  /^(GO(PROXY|SUMDB|NOSUMDB|NOSUMCHECK|INSECURE|PRIVATE|VCS)|(https?|no|all)_proxy|(HTTPS?|NO|ALL)_PROXY)$/;

function planConfig({ settings, environment, meshed }: GoProxyQuestion): GateConfig {
  const { goProxy } = settings;
  const upstream = Object.fromEntries(Object.entries(environment.env).filter(([name]) => UPSTREAM.test(name)));
  return {
    // Behind the mesh nothing but its tunnel reaches it.
    listen: `${meshed ? "127.0.0.1" : ""}:${PROXY_PORT}`,
    admin: ADMIN,
    tls: { pem: "/run/workstation/tls/current/tls.pem" },
    auth: { user: PROXY_USER, password: "" },
    storage: STORAGE,
    programs: {
      athens: "/usr/local/bin/athens-proxy",
      sumdb: "/usr/local/bin/workstation-sumdb",
      go: `${sdkFolder(SIDECAR_GO)}/bin/go`,
    },
    upstream,
    offline: goProxy.offline,
    private: privateHosts(goProxy),
    ...(goProxy.mode !== "shared" || goProxy.shared === undefined
      ? {}
      : {
          shared: {
            s3: { ...goProxy.shared.s3, endpoint: goProxy.shared.s3.endpoint ?? "", secretAccessKey: "" },
            redis: { ...goProxy.shared.redis, password: "" },
          },
        }),
  };
}
