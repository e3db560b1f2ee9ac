/** The files by which a proxy reaches shells and the Docker daemon: one holds the values, the others point to it. */
import { type ProxyValues, proxyVariables } from "./resolve.ts";

export const PROXY_ENV = "/etc/workstation/proxy.env";
export const PROXY_PROFILE = "/etc/profile.d/go-workstation-proxy.sh";
export const PROXY_DOCKERD = "/etc/systemd/system/docker.service.d/go-workstation-proxy.conf";

/** Set beside the variables by our profile script: tells our own values from those that a person set. */
export const OURS = "WORKSTATION_PROXY_IS_OURS";

/** `NAME=value` lines that systemd's EnvironmentFile and a shell read alike: no quotes, no characters that need any. */
export function renderProxyEnv(values: ProxyValues): string {
  const upper = Object.entries(proxyVariables(values));
  // curl takes http_proxy in lower case only; others know only one of the spellings.
  const lower = upper.map(([name, value]) => [name.toLowerCase(), value] as const);
  const lines = [...upper, ...lower].map(([name, value]) => `${name}=${value}`);
  return `# Written by go-workstation from hostSync.proxy. Read by login shells and by the Docker daemon.\n${lines.join("\n")}\n`;
}

export const renderProxyProfile = (): string => `# Written by go-workstation from hostSync.proxy.
if [ -r ${PROXY_ENV} ]; then
  # shellcheck source=/dev/null
  . ${PROXY_ENV}
  ${OURS}="\${HTTP_PROXY-} \${HTTPS_PROXY-} \${NO_PROXY-}"
  export ${OURS} HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy
fi
`;

export const renderDockerdDropIn = (): string => `# Written by go-workstation from hostSync.proxy.
[Service]
EnvironmentFile=-${PROXY_ENV}
`;
