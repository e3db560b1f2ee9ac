import type * as pulumi from "@pulumi/pulumi";
import type { MachinePlan } from "../domain/machine/plan.ts";
import { WSL } from "../domain/wsl/plan.ts";
import { GoToolchain } from "./go-toolchain.ts";
import { HostSync } from "./host-sync.ts";
import { TeamFiles } from "./team-files.ts";
import { WslDistro } from "./wsl-distro.ts";

/**
 * The machine's own part of the stack: each component is there when the plan has one for it. Answers what containers have
 * to wait for.
 */
export function declareMachine(plan: MachinePlan, opts?: pulumi.ComponentResourceOptions): pulumi.Resource[] {
  if (plan.wsl !== undefined) new WslDistro(WSL, { plan: plan.wsl }, opts);
  if (plan.files.length > 0) new TeamFiles("files", { files: plan.files }, opts);
  if (plan.go !== undefined) new GoToolchain("go", { plan: plan.go }, opts);
  return HostSync.isNeeded(plan) ? [new HostSync("host", plan, opts)] : [];
}
