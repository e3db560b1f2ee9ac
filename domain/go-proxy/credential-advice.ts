/** Which secrets the settings of the module proxy want, against those that are there. */
import type { GoProxySettings } from "../../config/go-proxy.ts";

export function credentialAdvice(
  goProxy: Pick<GoProxySettings, "mode" | "private">,
  hosts: readonly string[],
): string[] {
  const wanted = goProxy.private.map(({ host }) => host);
  const stores = goProxy.mode === "shared" ? ["s3", "redis"] : [];
  return [
    ...wanted
      .filter((host) => !hosts.includes(host))
      .map((host) => `${host} is in goProxy.private and has no credential: \`./workstation credential set ${host}\``),
    ...hosts
      .filter((host) => ![...wanted, ...stores].includes(host))
      .map((host) => `${host}: no setting uses this credential: \`./workstation credential remove ${host}\``),
  ];
}
