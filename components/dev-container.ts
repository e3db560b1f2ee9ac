import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ContainerPlan } from "../domain/containers.ts";
import { ProcessLimit } from "../resources/workstation.ts";
import { labelList } from "./labels.ts";

export interface DevContainerArgs {
  plan: ContainerPlan;
  /** By id, so that a new image shows at preview as a new container. */
  imageId: pulumi.Input<string>;
}

/** A project's container: the one that VS Code opens, `shell` enters and the smoke test builds in. */
export class DevContainer extends pulumi.ComponentResource {
  readonly container: pulumi.Output<string>;
  readonly containerId: pulumi.Output<string>;

  constructor(name: string, args: DevContainerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:DevContainer", name, {}, opts);
    const { plan } = args;
    const container = new docker.Container(
      `${name}-container`,
      {
        name: plan.name,
        image: args.imageId,
        command: plan.command,
        user: plan.user,
        workingDir: plan.workingDir,
        envs: plan.envs,
        labels: labelList(plan.labels),
        mounts: plan.mounts,
        ports: plan.ports,
        hostname: plan.project,
        // Not networksAdvanced: the provider would connect a second time after Docker has, and aliases get lost on it.
        networkMode: plan.network,
        ...(plan.hosts.length === 0 ? {} : { hosts: plan.hosts }),
        capabilities: plan.capabilities,
        securityOpts: ["no-new-privileges:true"],
        init: true,
        memory: plan.memory,
        memorySwap: plan.memorySwap,
        ...(plan.cpus === undefined ? {} : { cpus: plan.cpus }),
        shmSize: plan.shmSize,
        logDriver: "json-file",
        logOpts: { "max-file": "3", "max-size": "10m" },
        restart: "unless-stopped",
        healthcheck: plan.healthcheck,
        stopTimeout: 5,
        mustRun: true,
      },
      // Name and ports can be held by one container at a time.
      { parent: this, deleteBeforeReplace: true },
    );
    new ProcessLimit(`${name}-processes`, { container: container.id, limit: plan.pids }, { parent: this });
    this.container = container.name;
    this.containerId = container.id;
    this.registerOutputs({ container: this.container, containerId: this.containerId });
  }
}
