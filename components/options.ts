import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { Plan } from "../domain/plan.ts";

/** Components carry who answers for them, as an input: rules of the policy pack, and whoever reads an export, find it there. */
const ownedBy =
  (owner: string): pulumi.ResourceTransformation =>
  ({ type, props, opts }) =>
    type.startsWith("workstation:components:") ? { props: { ...props, owner }, opts } : undefined;

/** What everything of the stack is declared with. */
export function stackOptions({ dockerHost, responsible }: Pick<Plan, "dockerHost" | "responsible">) {
  // Explicit: the provider would otherwise go on with the address that an earlier run left in its state.
  const provider = new docker.Provider("docker", { host: dockerHost });
  return { providers: [provider], transformations: [ownedBy(responsible)] };
}
