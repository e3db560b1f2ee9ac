import type * as pulumi from "@pulumi/pulumi";
import type { GoProxyPlan } from "../domain/go-proxy/plan.ts";
import { DevImage } from "./dev-image.ts";
import { GoProxy } from "./go-proxy.ts";
import { StackAuthority } from "./stack-authority.ts";

/**
 * The module proxy in two steps, because its certificate comes before the file of roots that containers mount, and itself
 * after the network.
 */
export function declareModuleProxy(
  stack: string,
  plan: GoProxyPlan,
  credentials: pulumi.Input<Record<string, string>>,
  opts: pulumi.ComponentResourceOptions,
) {
  const image = new DevImage("sidecars", plan.image, opts);
  const { authority, ca } = plan;
  const made = new StackAuthority("ca", { authority, container: ca, imageId: image.imageId }, opts);
  return {
    certificate: made.certificate,
    fingerprint: made.fingerprint,
    image,
    start(workspace: pulumi.Resource, roots: pulumi.Input<string>[]): GoProxy {
      const args = { stack, plan, imageId: image.imageId, credentials, roots };
      return new GoProxy("goproxy", args, { ...opts, dependsOn: [workspace, made] });
    },
  };
}
