import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { type CacheKind, ownLabels } from "../domain/names.ts";
import { labelList } from "./labels.ts";

export interface ModuleCacheArgs {
  stack: string;
  /** Names of the volumes for modules, build results and gopls. */
  volumes: Record<CacheKind, string>;
}

/** Go's caches in named volumes: they outlive containers and images, and all projects of one owner share them. */
export class ModuleCache extends pulumi.ComponentResource {
  readonly volumes: Record<CacheKind, pulumi.Output<string>>;

  constructor(name: string, args: ModuleCacheArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:ModuleCache", name, {}, opts);
    const volume = (kind: CacheKind): pulumi.Output<string> =>
      new docker.Volume(
        `${name}-${kind}`,
        { name: args.volumes[kind], driver: "local", labels: labelList(ownLabels(args.stack, `${name}-${kind}`)) },
        { parent: this, deleteBeforeReplace: true },
      ).name;
    this.volumes = { gomod: volume("gomod"), gobuild: volume("gobuild"), gopls: volume("gopls") };
    this.registerOutputs({ volumes: this.volumes });
  }
}
