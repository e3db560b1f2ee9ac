import * as pulumi from "@pulumi/pulumi";
import type { MeshPlan } from "../domain/mesh/plan.ts";
import { ManagedFile } from "../resources/workstation.ts";
import { sidecar } from "./sidecar.ts";

export interface SecureMeshArgs {
  plan: MeshPlan;
  imageId: pulumi.Input<string>;
  /** Ids of the containers whose networks the tunnels share, by service. */
  services: ReadonlyMap<string, pulumi.Input<string>>;
}

/** The tunnels of all links: a server in the network of each service that answers, a client in that of each that asks. */
export class SecureMesh extends pulumi.ComponentResource {
  /** Names of the tunnels' containers. */
  readonly tunnels: pulumi.Output<string[]>;

  constructor(name: string, args: SecureMeshArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:SecureMesh", name, {}, opts);
    const own = { parent: this };
    const servers = new Map<string, pulumi.Resource[]>();
    const made: pulumi.Output<string>[] = [];
    const ordered = [...args.plan.tunnels].sort((a, b) => rank(a) - rank(b));
    for (const { tunnel, sidecar: plan, configFile } of ordered) {
      const config = new ManagedFile(`${tunnel.name}-config`, { ...configFile, permissions: "0644" }, own);
      // A client is well when it can reach its server.
      const before = tunnel.role === "client" ? (servers.get(tunnel.connect.service) ?? []) : [];
      const joins = args.services.get(tunnel.service);
      const opts = { ...own, dependsOn: [config, ...before] };
      const container = sidecar(plan, args.imageId, opts, joins);
      if (tunnel.role === "server") servers.set(tunnel.service, [...(servers.get(tunnel.service) ?? []), container]);
      made.push(container.name);
    }
    this.tunnels = pulumi.all(made);
    this.registerOutputs({ tunnels: this.tunnels });
  }
}

const rank = ({ tunnel: { role } }: MeshPlan["tunnels"][number]): number => (role === "server" ? 0 : 1);
