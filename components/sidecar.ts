import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { type SidecarPlan, sidecarLabels } from "../domain/sidecar.ts";
import { ProcessLimit } from "../resources/workstation.ts";
import { labelList } from "./labels.ts";

/**
 * A container beside the developer's, with the least that it needs: no root, no capability, a file system that it cannot
 * write to outside its mounts. `up` waits until it says that it is well.
 */
export function sidecar(
  plan: SidecarPlan,
  imageId: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
  /** Id of the container whose network it shares, where the plan says so. */
  joins?: pulumi.Input<string>,
): docker.Container {
  const container = new docker.Container(
    `${plan.role}-container`,
    {
      name: plan.name,
      image: imageId,
      command: plan.command,
      user: plan.user,
      workingDir: "/",
      envs: plan.envs,
      labels: labelList(sidecarLabels(plan)),
      mounts: plan.mounts,
      tmpfs: plan.tmpfs,
      ports: plan.ports,
      ...networkOf(plan, joins),
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      readOnly: true,
      init: true,
      memory: plan.memory,
      memorySwap: plan.memory,
      ...(plan.cpus === undefined ? {} : { cpus: plan.cpus }),
      shmSize: 64,
      logDriver: "json-file",
      logOpts: { "max-file": "3", "max-size": "10m" },
      restart: "unless-stopped",
      healthcheck: plan.healthcheck,
      stopTimeout: 20,
      mustRun: true,
      wait: true,
      waitTimeout: 120,
    },
    { ...opts, deleteBeforeReplace: true },
  );
  const limit = { container: container.id, limit: plan.pids };
  new ProcessLimit(`${plan.role}-processes`, limit, opts.parent === undefined ? {} : { parent: opts.parent });
  return container;
}

function networkOf(
  { network, role }: SidecarPlan,
  joins: pulumi.Input<string> | undefined,
): Partial<docker.ContainerArgs> {
  if (network === undefined) return { networkMode: "none", hostname: role };
  if ("of" in network) {
    if (joins === undefined) throw new Error(`${role}: the container of ${network.of} was not given`);
    // Its own name would be that of the other as well, so Docker refuses one.
    return { networkMode: pulumi.interpolate`container:${joins}` };
  }
  // Other containers know it by a name below the stack's own domain, for which its certificate is.
  return { hostname: role, networksAdvanced: [{ name: network.name, aliases: [network.alias] }] };
}
