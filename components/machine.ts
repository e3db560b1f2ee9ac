import type * as pulumi from "@pulumi/pulumi";
import type { MachinePlan } from "../domain/machine/plan.ts";

/** The machine's own part of the stack: each component is there when the plan has one for it. */
export function declareMachine(_plan: MachinePlan, _opts?: pulumi.ComponentResourceOptions): void {}
