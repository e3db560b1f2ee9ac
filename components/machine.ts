import type * as pulumi from "@pulumi/pulumi";
import type { MachinePlan } from "../domain/machine/plan.ts";
import { TRUST } from "../domain/sync/roots.ts";
import { WSL } from "../domain/wsl/plan.ts";
import { GoToolchain } from "./go-toolchain.ts";
import { ProxySync } from "./proxy-sync.ts";
import { TeamFiles } from "./team-files.ts";
import { TimeSync } from "./time-sync.ts";
import { TrustSync } from "./trust-sync.ts";
import { WslDistro } from "./wsl-distro.ts";

/**
 * The machine's own part of the stack: each component is there when the plan has one for it. Answers what containers have
 * to wait for.
 */
export function declareMachine(plan: MachinePlan, opts?: pulumi.ComponentResourceOptions): pulumi.Resource[] {
  if (plan.wsl !== undefined) new WslDistro(WSL, { plan: plan.wsl }, opts);
  if (plan.files.length > 0) new TeamFiles("files", { files: plan.files }, opts);
  if (plan.go !== undefined) new GoToolchain("go", { plan: plan.go }, opts);
  if (plan.time?.timezone !== undefined || plan.time?.clock !== undefined) new TimeSync("time", plan.time, opts);
  if (plan.proxy !== undefined && plan.proxy.files.length > 0) new ProxySync("proxy", plan.proxy, opts);
  const { anchors } = plan.roots;
  return anchors === undefined ? [] : [new TrustSync(TRUST, { anchors }, opts)];
}
