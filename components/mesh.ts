import type * as pulumi from "@pulumi/pulumi";
import { PROXY_SERVICE } from "../domain/mesh/links.ts";
import type { Plan } from "../domain/plan.ts";
import type { Shared } from "./shared.ts";

export interface Mesh {
  /** What the smoke test waits for. */
  all: pulumi.Resource[];
  /** Null where there is no mesh. */
  outputs: Record<string, pulumi.Input<string | string[]>> | null;
}

/** The mesh with its own authority, where it is on. */
export async function declareMesh(
  plan: Pick<Plan, "mesh">,
  projects: ReadonlyMap<string, pulumi.Input<string>>,
  shared: Shared,
  opts: pulumi.ComponentResourceOptions,
): Promise<Mesh> {
  if (plan.mesh === undefined) return { all: [], outputs: null };
  const [{ DevImage }, { SecureMesh }, { StackAuthority }] = await Promise.all([
    import("./dev-image.ts"),
    import("./secure-mesh.ts"),
    import("./stack-authority.ts"),
  ]);
  const { mesh } = plan;
  const image = new DevImage("mesh", mesh.image, opts);
  const { authority, ca: container } = mesh;
  const made = new StackAuthority("mesh-ca", { authority, container, imageId: image.imageId }, opts);
  const services = new Map(projects);
  if (shared.goProxyId !== undefined) services.set(PROXY_SERVICE, shared.goProxyId);
  const args = { plan: mesh, imageId: image.imageId, services };
  const secure = new SecureMesh("mesh", args, { ...opts, dependsOn: [...shared.all, made] });
  return {
    all: [secure],
    outputs: { tunnels: secure.tunnels, authority: made.fingerprint, image: image.reference },
  };
}
