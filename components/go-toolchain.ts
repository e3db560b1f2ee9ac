import * as pulumi from "@pulumi/pulumi";
import type { GoHostPlan } from "../domain/go-host/plan.ts";
import { GoSdk, GoTool } from "../resources/go.ts";
import { ManagedFile } from "../resources/workstation.ts";

export interface GoToolchainArgs {
  plan: GoHostPlan;
}

/** Go SDKs and their tools on the machine itself, for people who edit there without a container. */
export class GoToolchain extends pulumi.ComponentResource {
  /** GOROOT by version. */
  readonly sdks: Record<string, pulumi.Output<string>>;
  /** `h1:` sums by Go version and program. */
  readonly sums: Record<string, Record<string, pulumi.Output<string>>>;
  /** File that a shell sources. */
  readonly env: pulumi.Output<string>;

  constructor(name: string, { plan }: GoToolchainArgs, opts?: pulumi.ComponentResourceOptions) {
    super("workstation:components:GoToolchain", name, {}, opts);
    const { folder } = plan;
    this.sdks = {};
    this.sums = {};
    for (const { version, tools } of plan.sdks) {
      const sdk = new GoSdk(`${name}-${version}`, { version, folder }, { parent: this });
      this.sdks[version] = sdk.path;
      this.sums[version] = Object.fromEntries(
        tools.map((pin) => {
          const args = { ...pin, go: version, folder };
          const tool = new GoTool(`${name}-${version}-${pin.binary}`, args, { parent: this, dependsOn: sdk });
          return [pin.binary, tool.sum];
        }),
      );
    }
    this.env = new ManagedFile(`${name}-env`, { ...plan.env, permissions: "0644" }, { parent: this }).path;
    if (plan.profile !== undefined)
      // Many keep their profile elsewhere and link to it.
      new ManagedFile(`${name}-profile`, { ...plan.profile, mode: "block", symlink: "follow" }, { parent: this });
    this.registerOutputs({ sdks: this.sdks, sums: this.sums, env: this.env });
  }
}
