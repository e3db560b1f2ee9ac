/** The configuration file of `workstation-goproxy`, without and with its secrets. Plain data; nothing is read. */
import type { GoProxySettings, PrivateHost } from "../../config/go-proxy.ts";

export interface GateConfig {
  listen: string;
  /** Loopback in the container: health and metrics. */
  admin: string;
  tls: { pem: string };
  auth: { user: string; password: string };
  storage: string;
  programs: { athens: string; sumdb: string; go: string };
  /** Environment of the go command that fetches. */
  upstream: Record<string, string>;
  offline: boolean;
  private: GatePrivate[];
  shared?: {
    s3: {
      bucket: string;
      region: string;
      endpoint: string;
      forcePathStyle: boolean;
      accessKeyId: string;
      secretAccessKey: string;
    };
    redis: { endpoint: string; password: string };
  };
}

export interface GatePrivate {
  host: string;
  modules: string[];
  protocol: PrivateHost["protocol"];
  user: string;
  password?: string;
  sshKey?: string;
  knownHosts?: string;
}

/** Patterns of module paths that are private, as GOPRIVATE has them. */
export function privateModules(settings: Pick<GoProxySettings, "private">): string[] {
  return [...new Set(settings.private.flatMap(modulesOf))].sort();
}

function modulesOf({ host, modules }: PrivateHost): string[] {
  const name = host.replace(/:\d+$/, "");
  return modules ?? [name];
}

export function privateHosts(settings: Pick<GoProxySettings, "private">): GatePrivate[] {
  return settings.private.map((entry) => ({
    host: entry.host,
    modules: modulesOf(entry),
    protocol: entry.protocol,
    user: entry.user ?? (entry.protocol === "ssh" ? "git" : "oauth2"),
    ...(entry.knownHosts === undefined ? {} : { knownHosts: entry.knownHosts }),
  }));
}

/** `secrets` in the clear, by host: what this answers is a secret as a whole. */
export function withSecrets(config: GateConfig, password: string, secrets: Record<string, string>): GateConfig {
  return {
    ...config,
    auth: { ...config.auth, password },
    private: config.private.map((entry) => {
      const secret = secrets[entry.host];
      if (secret === undefined) return entry;
      return entry.protocol === "ssh" ? { ...entry, sshKey: secret } : { ...entry, password: secret };
    }),
    ...(config.shared === undefined
      ? {}
      : {
          shared: {
            s3: { ...config.shared.s3, secretAccessKey: secrets.s3 ?? "" },
            redis: { ...config.shared.redis, password: secrets.redis ?? "" },
          },
        }),
  };
}
