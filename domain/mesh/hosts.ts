/** Names under which a project finds the other ends of its links: they lead to the tunnel in its own network. */
import type { Settings } from "../../config/schema.ts";
import { proxyDomain } from "../go-proxy/addresses.ts";
import { linksOf } from "./links.ts";

export interface HostEntry {
  host: string;
  ip: string;
}

/** `goproxy.gows-dev.internal` and, for other services, `shop.gows-dev.internal`. */
export function meshHosts(
  stack: string,
  settings: Pick<Settings, "mesh" | "goProxy" | "projects">,
  project: string,
): HostEntry[] {
  const targets = linksOf(settings).flatMap(({ from, to }) => (from === project ? [to] : []));
  return [...new Set(targets)].sort().map((to) => ({ host: `${to}.${proxyDomain(stack)}`, ip: "127.0.0.1" }));
}
