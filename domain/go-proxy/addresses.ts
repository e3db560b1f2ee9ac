/** Where the module proxy is, for containers and for this machine, and what both find in their environment. */
import type { Settings } from "../../config/schema.ts";
import { prefix } from "../names.ts";
import { privateModules } from "./gate-config.ts";

export const PROXY_PORT = 8443;
/** Where containers see their own secret files. */
export const SECRETS = "/etc/workstation-secrets";

export const proxyDomain = (stack: string): string => `${prefix(stack)}.internal`;
export const proxyHost = (stack: string): string => `goproxy.${proxyDomain(stack)}`;
/** As netrc names it. */
export const proxyAddress = (stack: string): string => `${proxyHost(stack)}:${PROXY_PORT}`;
export const hostAddress = ({ goProxy }: Pick<Settings, "goProxy">): string => `localhost:${goProxy.port}`;

/** The stack's own folder on this machine. */
export const stackFolder = (root: string, stack: string): string => `${root}/.workstation/${stack}`;
export const secretsFolder = (root: string, stack: string): string => `${stackFolder(root, stack)}/secrets`;
/** On this machine; mounted into the containers of that owner. */
export const ownerSecrets = (root: string, stack: string, suffix: string): string =>
  `${secretsFolder(root, stack)}/dev${suffix}`;
/** For this machine's own shells. */
export const hostFiles = (root: string, stack: string): { netrc: string; roots: string } => ({
  netrc: `${stackFolder(root, stack)}/host/netrc`,
  roots: `${stackFolder(root, stack)}/host/ca-certificates.crt`,
});

/** Go's settings for a client at this address; `further` are globs that are not in the settings. */
function clientEnvironment(
  address: string,
  settings: Pick<Settings, "goProxy">,
  further: string | undefined,
): Record<string, string> {
  const globs = [...privateModules(settings.goProxy), ...(further ?? "").split(",").filter((entry) => entry !== "")];
  return {
    GOPROXY: `https://${address}`,
    // GOPRIVATE alone would go around the proxy.
    GONOPROXY: "none",
    ...(globs.length === 0 ? {} : { GONOSUMDB: [...new Set(globs)].join(",") }),
  };
}

/** What developers' containers find in their environment. */
export function proxyEnvironment(
  stack: string,
  settings: Pick<Settings, "goProxy">,
  inherited: Record<string, string>,
): Record<string, string> {
  const globs = inherited.GONOSUMDB ?? inherited.GOPRIVATE;
  return { ...clientEnvironment(proxyAddress(stack), settings, globs), NETRC: `${SECRETS}/netrc` };
}

/** What a shell of this machine needs; `environment` is what the shell has now. Paths and addresses, no secret. */
export function hostEnvironment(
  root: string,
  stack: string,
  settings: Pick<Settings, "goProxy">,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  if (settings.goProxy.mode === "off" || !settings.goProxy.host) return {};
  const { netrc, roots } = hostFiles(root, stack);
  return {
    ...clientEnvironment(hostAddress(settings), settings, environment.GONOSUMDB),
    NETRC: netrc,
    SSL_CERT_FILE: roots,
    WORKSTATION_UPSTREAM_GOPROXY: environment.WORKSTATION_UPSTREAM_GOPROXY ?? environment.GOPROXY ?? "",
  };
}
