import * as pulumi from "@pulumi/pulumi";
import type { Plan } from "../domain/plan.ts";
import { Workspace } from "./workspace.ts";

/** Not among the SDK's types, but what its own Config asks. */
export const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean };

export interface Shared {
  workspace: Workspace;
  /** What developers' containers wait for. */
  all: pulumi.Resource[];
  /** Null where there is no module proxy. */
  goProxy: Record<string, pulumi.Input<string | number>> | null;
  /** Of the module proxy's container, where there is one. */
  goProxyId: pulumi.Input<string> | undefined;
}

/** What the containers of a stack share: the workspace and, where it is on, the module proxy with its certificate. */
export async function declareShared(
  plan: Plan,
  secrets: Record<string, string>,
  trustDependsOn: pulumi.Resource[],
  opts: pulumi.ComponentResourceOptions,
): Promise<Shared> {
  const { stack, goProxy, trust } = plan;
  if (goProxy === undefined) {
    const workspace = new Workspace("workspace", { ...plan, trustDependsOn }, opts);
    return { workspace, all: [workspace], goProxy: null, goProxyId: undefined };
  }
  const { declareModuleProxy } = await import("./module-proxy.ts");
  const proxy = declareModuleProxy(stack, goProxy, pulumi.secret(secrets), opts);
  const certificates = [...trust.certificates, proxy.certificate];
  const workspace = new Workspace("workspace", { ...plan, trust: { ...trust, certificates }, trustDependsOn }, opts);
  const started = proxy.start(workspace, certificates);
  return {
    workspace,
    all: [workspace, started],
    goProxyId: started.containerId,
    goProxy: {
      container: started.container,
      url: goProxy.url,
      hostUrl: goProxy.hostUrl,
      image: proxy.image.reference,
      authority: proxy.fingerprint,
    },
  };
}
