/** Environment of a container: what Go, git and TLS clients find there. Pure; says in words what it left out. */
import type { Settings } from "../config/schema.ts";
import type { Facts } from "./facts.ts";
import { CACHES, HOME, searchPath } from "./names.ts";

export const GIT_CONFIG = "/etc/workstation/gitconfig";
/** Below the folder that containers see as /etc/workstation. */
export const TRUST_BUNDLE = "trust/ca-certificates.crt";
const ROOTS = `/etc/workstation/${TRUST_BUNDLE}`;

/** OpenSSL, Go and Python; curl; git; Python's requests and pip; Node. */
export const TRUST_VARIABLES = [
  "SSL_CERT_FILE",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "REQUESTS_CA_BUNDLE",
  "PIP_CERT",
  "NODE_EXTRA_CA_CERTS",
];

export interface Environment {
  env: Record<string, string>;
  /** Names of what is as the machine's own Go has it and lets Go check less, sorted. */
  weakened: string[];
  warnings: string[];
}

/** What the policy pack refuses in the settings of a stack, in the order of their names. */
const WEAKER: Readonly<Record<string, (value: string) => boolean>> = {
  GOINSECURE: (value) => value !== "",
  GOPROXY: (value) => /(^|[,|])\s*http:/i.test(value),
  GOSUMDB: (value) => value.trim() === "off",
};

export interface EnvironmentQuestion {
  goVersion: string;
  facts: Pick<Facts, "go" | "proxy">;
  goEnv: Settings["go"]["env"];
  projectEnv: Record<string, string>;
  /** What this stack's own module proxy needs, beyond what is inherited; the settings' own words come after it. */
  moduleProxy?: (inherited: Record<string, string>) => Record<string, string>;
}

/** Takes user names and passwords out of URLs in a list such as GOPROXY. */
export const withoutCredentials = (value: string): string => value.replace(/(:\/\/)[^/@\s,|]*@/g, "$1");
export const hasCredentials = (value: string): boolean => withoutCredentials(value) !== value;

/** True for an address that means "this very machine", which inside a container is the container. */
export const namesLoopback = (value: string): boolean =>
  /(^|:\/\/|[@,|\s])(localhost|127(\.\d{1,3}){3}|\[::1\])([:/,|\s]|$)/i.test(value);

export function planEnvironment({
  goVersion,
  facts,
  goEnv,
  projectEnv,
  moduleProxy,
}: EnvironmentQuestion): Environment {
  const warnings: string[] = [];
  const inherited: Record<string, string> = {};
  for (const [source, values] of [
    ["go env", facts.go.env],
    ["environment", facts.proxy],
  ] as const) {
    for (const [name, value] of Object.entries(values)) {
      if (name in goEnv || name in projectEnv) continue;
      const clean = withoutCredentials(value);
      if (clean !== value) {
        warnings.push(
          `${name} of this machine (${source}) holds a user name or password, which everyone who can inspect a container could read: passed on without it. Put it into a netrc file or a credential helper.`,
        );
      }
      if (name !== "NO_PROXY" && (namesLoopback(clean) || /(^|,|\|)file:/.test(clean))) {
        warnings.push(
          `${name}=${clean} of this machine (${source}) names this machine itself, which a container cannot reach under that name: left out. Set it in go.env or the project's env to an address that containers reach.`,
        );
        continue;
      }
      inherited[name] = clean;
      // curl, git and apt read the lower-case spelling, some of them only that one.
      if (source === "environment") inherited[name.toLowerCase()] = clean;
    }
  }
  const env: Record<string, string> = {
    ...inherited,
    // Each program has its own name for it; all of them read the file anew when they start.
    ...Object.fromEntries(TRUST_VARIABLES.map((name) => [name, ROOTS])),
    GIT_CONFIG_SYSTEM: GIT_CONFIG,
    GOCACHE: CACHES.gobuild,
    GOMODCACHE: CACHES.gomod,
    GOPATH: "/go",
    GOPLSCACHE: CACHES.gopls,
    GOTOOLCHAIN: "local",
    HOME,
    PATH: searchPath(goVersion),
    ...goEnv,
    ...moduleProxy?.({ ...inherited, ...goEnv }),
    ...projectEnv,
  };
  const weakened = Object.keys(WEAKER).filter((name) => {
    const value = inherited[name];
    return value !== undefined && env[name] === value && WEAKER[name]?.(value) === true;
  });
  return { env: Object.fromEntries(Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))), weakened, warnings };
}

/** Git in the containers: who commits, and that the mounted folders may be used although another uid owns them. */
export function renderGitConfig(git: Facts["git"], folders: readonly string[]): string {
  const quote = (value: string): string => `"${value.replace(/[\\"]/g, "\\$&").replace(/\n/g, " ")}"`;
  const identity = [
    ...(git.name === "" ? [] : [`\tname = ${quote(git.name)}`]),
    ...(git.email === "" ? [] : [`\temail = ${quote(git.email)}`]),
  ];
  const safe = [...new Set(folders)].sort().map((folder) => `\tdirectory = ${quote(folder)}`);
  const lines = [
    "# Written by go-workstation; read in containers as the system's git configuration.",
    ...(identity.length > 0 ? ["[user]", ...identity] : []),
    ...(safe.length > 0 ? ["[safe]", ...safe] : []),
  ];
  return `${lines.join("\n")}\n`;
}
