import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { smokeCommand } from "../domain/smoke.ts";

export interface SmokeTestArgs {
  project: string;
  container: pulumi.Input<string>;
  containerId: pulumi.Input<string>;
  imageId: pulumi.Input<string>;
  goVersion: string;
  /** Of the project's files, so that the test runs again when one changed. */
  digest: string;
  dockerHost: string;
}

/** Builds and tests a project in its container; again only when the container, its image, its Go or the files changed. */
export class SmokeTest extends pulumi.ComponentResource {
  readonly project: pulumi.Output<string>;
  readonly output: pulumi.Output<string>;

  constructor(name: string, args: SmokeTestArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:SmokeTest", name, {}, opts);
    const run = new command.local.Command(
      `${name}-run`,
      {
        create: pulumi.output(args.container).apply(smokeCommand),
        environment: { DOCKER_HOST: args.dockerHost },
        triggers: [args.imageId, args.containerId, args.goVersion, args.digest],
      },
      { parent: this },
    );
    this.project = pulumi.output(args.project);
    this.output = run.stdout;
    this.registerOutputs({ project: this.project, output: this.output });
  }
}
