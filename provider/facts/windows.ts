/** What Windows says about its roots, time zone and proxy, in one question. */
import type { WindowsFacts } from "../../domain/facts.ts";
import type { Host } from "../host.ts";

export const noWindows = (error = ""): WindowsFacts => ({
  reachable: false,
  error,
  profile: "",
  roots: [],
  timezone: "",
  proxy: { http: "", https: "", bypass: "", pac: "" },
});

export async function windowsFacts(_host: Host): Promise<WindowsFacts> {
  return noWindows();
}
