import * as pulumi from "@pulumi/pulumi";
import type { MachinePlan } from "../domain/machine/plan.ts";
import { TRUST } from "../domain/sync/roots.ts";
import { ProxySync } from "./proxy-sync.ts";
import { TimeSync } from "./time-sync.ts";
import { TrustSync } from "./trust-sync.ts";

export type HostSyncArgs = Pick<MachinePlan, "proxy" | "roots" | "time">;

/** What this system takes over from Windows, or from the team's settings: root certificates, time, proxy. */
export class HostSync extends pulumi.ComponentResource {
  readonly time: TimeSync | undefined;
  readonly proxy: ProxySync | undefined;
  readonly trust: TrustSync | undefined;

  constructor(name: string, { proxy, roots, time }: HostSyncArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:HostSync", name, {}, opts);
    const own = { parent: this };
    if (time?.timezone !== undefined || time?.clock !== undefined) this.time = new TimeSync("time", time, own);
    if (proxy !== undefined && proxy.files.length > 0) this.proxy = new ProxySync("proxy", proxy, own);
    const { anchors, profile } = roots;
    if (anchors !== undefined && profile !== undefined) this.trust = new TrustSync(TRUST, { anchors, profile }, own);
    this.registerOutputs({
      fingerprints: this.trust?.fingerprints,
      zone: this.time?.zone,
      proxyFiles: this.proxy?.paths,
    });
  }

  /** Nothing to take over: no component is declared then. */
  static isNeeded({ proxy, roots, time }: HostSyncArgs): boolean {
    const timed = time?.timezone !== undefined || time?.clock !== undefined;
    return timed || (proxy?.files.length ?? 0) > 0 || roots.anchors !== undefined;
  }
}
