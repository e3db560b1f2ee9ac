import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ownLabels } from "../domain/names.ts";
import { TrustBundle } from "../resources/trust.ts";
import { ManagedFile } from "../resources/workstation.ts";
import { labelList } from "./labels.ts";

export interface WorkspaceArgs {
  stack: string;
  /** Name of the private network that the stack's containers share. */
  network: string;
  /** File that containers read as git's system configuration; its folder is mounted there. */
  gitConfig: { path: string; content: string };
  /** File of all roots, and those in it that the machine's own bundle may lack. */
  trust: { path: string; certificates: pulumi.Input<string>[] };
  /** What changes the machine's own bundle. */
  trustDependsOn?: pulumi.Resource[];
}

/** What all containers of a stack share: a private network and a folder of read-only configuration. */
export class Workspace extends pulumi.ComponentResource {
  readonly network: pulumi.Output<string>;
  readonly gitConfig: pulumi.Output<string>;
  readonly roots: pulumi.Output<string>;

  constructor(name: string, args: WorkspaceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:Workspace", name, {}, opts);
    const network = new docker.Network(
      `${name}-network`,
      { name: args.network, driver: "bridge", labels: labelList(ownLabels(args.stack, `${name}-network`)) },
      { parent: this, deleteBeforeReplace: true },
    );
    const file = new ManagedFile(
      `${name}-gitconfig`,
      { path: args.gitConfig.path, content: args.gitConfig.content, permissions: "0644" },
      { parent: this },
    );
    const trust = new TrustBundle(`${name}-roots`, args.trust, { parent: this, dependsOn: args.trustDependsOn ?? [] });
    this.network = network.name;
    this.roots = trust.path;
    this.gitConfig = file.path;
    this.registerOutputs({ network: this.network, gitConfig: this.gitConfig, roots: this.roots });
  }
}
